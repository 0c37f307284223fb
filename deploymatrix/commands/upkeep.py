"""`clean`, `lock` and `images`: upkeep of what is generated."""

from __future__ import annotations

from typing import Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands.options import Targets, project_of, root_of


def register(app: typer.Typer) -> None:
    app.command()(clean)
    app.command()(lock)
    app.command()(images)


def clean(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="All under the build folder, environments too.")] = False,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only stored results unused for that long: 90m, 12h, 7d.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only the longest unused results beyond that size: 500MB, 20GB.")
    ] = None,
) -> None:
    """Remove stored results, logs and left-over containers; with --older-than or --max-size only some results."""
    from deploymatrix.cleaning import clean as remove
    from deploymatrix.cleaning import collect, seconds, size

    project = project_of(context)
    if older_than is None and max_size is None:
        lines = remove(project, everything=everything)
    else:
        lines = collect(
            project,
            older_than_s=seconds(older_than) if older_than else None,
            max_bytes=size(max_size) if max_size else None,
        )
    for line in lines:
        typer.echo(line)


def lock(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Only these; all when none is named.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only tell which lock is older than its .in.")] = False,
) -> None:
    """Make the locks of the environments anew from their .in files."""
    from deploymatrix.locks import lock as make
    from deploymatrix.locks import stale

    if check:
        old = stale(root_of(context))
        for path in old:
            typer.echo(f"stale: {path}; run `nox -s lock`")
        raise typer.Exit(errors.GATE_FAILED if old else errors.OK)
    make(root_of(context), tuple(names or ()), typer.echo)


def images(context: typer.Context, target: Targets = None) -> None:
    """Build the targets' runner images."""
    from deploymatrix.building import build_images

    for line in build_images(project_of(context), tuple(target or ())):
        typer.echo(line)
