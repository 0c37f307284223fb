"""`init`: a project of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploymatrix.commands.options import echo


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new project's folder.")],
) -> None:
    """Write a minimal project: a model, deploymatrix.toml, a noxfile and a CI workflow. Overwrite nothing."""
    from deploymatrix.project.starter import write_project

    for path in write_project(folder):
        echo(f"wrote {path}")
    echo(f"next: cd {folder} && deploymatrix run")
