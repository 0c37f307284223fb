"""What `verify` and `compare` print: a row for each output."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.printable import printable


def print_outputs(title: str, outputs: Sequence[OutputRecord], console: Console) -> None:
    """Print name, type and figures of each output, with a mark; nothing when there are none."""
    if not outputs:
        return
    table = Table(title=Text(printable(title)), title_justify="left")
    for column in ("", "output", "type"):
        table.add_column(column)
    for column in ("max abs", "error", "limit", "of limit", "cosine"):
        table.add_column(column, justify="right")
    for output in outputs:
        table.add_row(
            *(Text(printable(entry)) for entry in _row(output)), style=None if output.problem is None else "red"
        )
    console.print(table)


def _row(output: OutputRecord) -> list[str]:
    mark = "✓" if output.problem is None else "✗"
    share = "-" if output.headroom is None else f"{output.headroom:.0%}"
    figures = [_figure(value) for value in (output.max_abs, output.error, output.limit)]
    return [mark, output.name, output.type, *figures, share, _figure(output.cosine)]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
