"""Options that several commands share, and how a command gets its project and selection.

Nothing heavy is imported here: `--help` loads this file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from deploymatrix.printable import printable

if TYPE_CHECKING:
    from deploymatrix.project.plan import Selection
    from deploymatrix.project.project import Project

Targets = Annotated[
    list[str] | None,
    typer.Option("-t", "--target", metavar="TARGET", help="Only this target, or those of a tag; repeatable; or all."),
]
Platform = Annotated[
    str, typer.Option(metavar="OS/ARCH", help="Only targets on this platform, as linux/arm64; with -t, theirs.")
]
Models = Annotated[
    list[str] | None, typer.Option("-m", "--model", metavar="MODEL", help="Only this model; repeatable.")
]
Variants = Annotated[
    list[str] | None,
    typer.Option("-v", "--variant", metavar="VARIANT", help="This variant [default: fp32]; repeatable; or all."),
]
Expression = Annotated[
    str, typer.Option("-k", metavar="EXPR", help="Only cells that match: tags, parts of names, globs; and, or, not.")
]
ModelFolders = Annotated[
    list[Path] | None,
    typer.Option("--models", metavar="DIR", help="A further model folder, or a folder of them; repeatable."),
]
ExpectationsFile = Annotated[
    Path | None,
    typer.Option("--expectations", metavar="FILE", help="Entries besides those in the targets' own target.toml."),
]
Isolation = Annotated[Literal["auto", "docker", "process"], typer.Option("--isolation", help="Where artifacts run.")]
UNPRINTABLE = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # json.dumps escapes those below 0x20
Exporters = Annotated[
    Literal["process", "docker"] | None,
    typer.Option(
        "--exporters", help="Where models and exporters run [default: as deploymatrix.toml says, else process]."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The options before the command: the project's folder, and --build-dir where the user gives it."""

    root: Path
    build: Path | None


def invocation_of(context: typer.Context) -> Invocation:
    """Return what `deploymatrix` was called with before the command."""
    assert isinstance(context.obj, Invocation)
    return context.obj


def root_of(context: typer.Context) -> Path:
    """Return the project's folder."""
    return invocation_of(context).root


def build_of(context: typer.Context) -> Path:
    """Return the folder of all that is generated."""
    from deploymatrix.project.trees import build_folder, read_settings

    invocation = invocation_of(context)
    return build_folder(invocation.root, read_settings(invocation.root), invocation.build)


def project_of(
    context: typer.Context, models: list[Path] | None = None, timeout: float | None = None, *, anywhere: bool = False
) -> Project:
    """Return the project at --root, with the model folders that deploymatrix.toml and --models name.

    `anywhere`: for commands that need no models, which work in any folder, as do those to which --models gives some.
    Raise ConfigurationError for a folder that is no project.
    """
    from deploymatrix.project.project import Project
    from deploymatrix.project.trees import build_folder, check_project, read_settings, tree_below

    root = root_of(context)
    if not models and not anywhere:
        check_project(root)
    settings = read_settings(root)
    return Project(
        root=root,
        build=build_folder(root, settings, invocation_of(context).build),
        shipped=tree_below(root, settings),
        shipped_models=settings.shipped_models,
        model_folders=(*(root / name for name in settings.models), *(folder.resolve() for folder in models or ())),
        pass_environment=settings.pass_environment,
        timeout_s=timeout,
        exporters=settings.exporters,
        default=settings.default,
        default_targets=settings.default_targets,
    )


def selection_of(
    project: Project,
    targets: list[str] | None,
    models: list[str] | None,
    expression: str,
    variants: list[str] | None = None,
    platform: str = "",
) -> Selection:
    """Return what the user selected; the project's default where that is neither a model nor an expression."""
    from deploymatrix.project.selecting import on_platform, selected

    wanted = on_platform(project, platform, targets or ()) if platform else targets or ()
    return selected(project, wanted, models or (), expression, variants or ())


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print a line, which may hold words of an artifact, a log or a matrix: they do not steer the terminal."""
    typer.echo(printable(str(text)), err=err, nl=nl)


def print_json(data: Any) -> None:
    """Print JSON in which every character that could steer a terminal, or that has no encoding, is escaped."""
    import json

    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    typer.echo(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
