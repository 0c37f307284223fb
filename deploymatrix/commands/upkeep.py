"""`clean`, `lock` and `images`: upkeep of what is generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands.options import ModelFolders, Targets, build_of, echo, project_of, root_of


def register(app: typer.Typer) -> None:
    app.command()(clean)
    app.command()(lock)
    app.command()(images)


def clean(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="The whole build folder, with its environments.")] = False,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only stored results unused for that long: 90m, 12h, 7d.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only the longest unused results beyond that size: 500MB, 20GB.")
    ] = None,
) -> None:
    """Remove stored results, logs and left-over containers; with --older-than or --max-size only some results."""
    from deploymatrix.store.cleaning import clean as remove
    from deploymatrix.store.cleaning import collect, seconds, size

    build = build_of(context)
    lines: Iterable[str]
    if older_than is None and max_size is None:
        lines = chain(remove(build, everything=everything), _stale_containers())
    else:
        lines = collect(
            build,
            older_than_s=seconds(older_than) if older_than else None,
            max_bytes=size(max_size) if max_size else None,
        )
    for line in lines:
        echo(line)


def lock(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Only these [default: all].")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only show which locks are older than their .in files.")
    ] = False,
    models: ModelFolders = None,
) -> None:
    """Make the locks of environments, targets and models again from their .in files."""
    from deploymatrix.environments.locking import lock as make
    from deploymatrix.environments.locking import stale
    from deploymatrix.host.model_locks import lock_sources

    project = project_of(context, models, anywhere=True)
    of_models = lock_sources(project, project.models.values())
    if check:
        old = stale(root_of(context), models=of_models)
        for path in old:
            echo(f"stale: {path}")
        raise typer.Exit(errors.GATE_FAILED if old else errors.OK)
    make(root_of(context), tuple(names or ()), echo, models=of_models)


def images(
    context: typer.Context,
    target: Targets = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Build none; remove those that no target is made from any more.")
    ] = False,
) -> None:
    """Build the runner images of the targets that run by default, or of those that are named."""
    from deploymatrix.environments.engine import engine
    from deploymatrix.environments.images import ensure_image
    from deploymatrix.environments.pruning import prune as remove
    from deploymatrix.host.recipes import image_recipe
    from deploymatrix.project.selecting import selected, targets_of

    project, client = project_of(context), engine()
    if client is None:
        raise errors.EnvironmentFailed("no Docker engine answers; start it, for it builds the images")
    if prune:
        for line in remove(client, [image_recipe(project, each) for each in project.targets.values()], project.build):
            echo(line)
        return
    for chosen in targets_of(project, selected(project, target or ())):
        image = ensure_image(client, image_recipe(project, chosen), project.build, echo)
        echo(f"{chosen.name}: {image.tag} {image.id}")


def _stale_containers() -> Iterator[str]:
    """Remove the containers that dead runs left behind; yield one line."""
    from deploymatrix.environments.engine import engine
    from deploymatrix.host.reaping import reap_stale

    client = engine()
    if client is not None:
        yield f"removed {reap_stale(client)} containers of dead runs"
