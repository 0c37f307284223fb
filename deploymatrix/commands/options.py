"""Options that several commands share, and how a command gets its project and selection.

Nothing heavy is imported here: `--help` loads this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from deploymatrix.plan import Selection
    from deploymatrix.project import Project

Targets = Annotated[
    list[str] | None, typer.Option("-t", "--target", metavar="TARGET", help="Only this target; repeatable.")
]
Models = Annotated[
    list[str] | None, typer.Option("-m", "--model", metavar="MODEL", help="Only this model; repeatable.")
]
Expression = Annotated[
    str, typer.Option("-k", metavar="EXPR", help="Only cells that match: names, globs, tags; and, or, not.")
]
ModelFolders = Annotated[
    list[Path] | None,
    typer.Option("--models", metavar="DIR", help="A further model folder, or a folder of them; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def root_of(context: typer.Context) -> Path:
    """Where pipelines/ and targets/ lie."""
    root: Path = context.obj[0]
    return root


def build_of(context: typer.Context) -> Path:
    """Where all that is generated lies."""
    build: Path = context.obj[1]
    return build


def project_of(context: typer.Context, models: list[Path] | None = None, timeout: float | None = None) -> Project:
    from deploymatrix.project import Project

    folders = tuple(folder.resolve() for folder in models or ())
    return Project(root=root_of(context), build=build_of(context), model_folders=folders, timeout_s=timeout)


def selection_of(targets: list[str] | None, models: list[str] | None, expression: str) -> Selection:
    from deploymatrix.plan import Selection

    return Selection(targets=tuple(targets or ()), models=tuple(models or ()), expression=expression)


def print_json(data: Any) -> None:
    import json

    typer.echo(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False))
