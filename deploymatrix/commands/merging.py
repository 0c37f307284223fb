"""`merge`: one matrix from the shards of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploymatrix import errors
from deploymatrix.commands.options import build_of, echo


def register(app: typer.Typer) -> None:
    app.command()(merge)


def merge(
    context: typer.Context,
    pieces: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Build folders or matrix.json files, in any order.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder for the whole [default: BUILD].")
    ] = None,
) -> None:
    """Merge the shards of a run. Exit 4, naming the cells, when no shard holds some planned cells; 2 when two shards
    have different results for one cell. Red cells are a matter of `gate`."""
    from deploymatrix.matrix.files import MATRIX
    from deploymatrix.matrix.merge import missing_cells, read_piece, write_merged

    folder = out or build_of(context)
    matrix = write_merged([read_piece(path) for path in pieces], folder)
    missing = missing_cells(matrix)
    for name in missing:
        echo(f"missing: {name}: no result in any shard", err=True)
    planned = len(matrix.shard.cells) if matrix.shard else len(matrix.cells)
    echo(f"{folder / MATRIX}: {planned - len(missing)} of {planned} cells")
    if missing:
        raise typer.Exit(errors.INCOMPLETE)
