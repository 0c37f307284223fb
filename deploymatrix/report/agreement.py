"""What `verify` and `compare` print: a row for each output."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploymatrix.records import OutputRecord


def print_outputs(title: str, outputs: Sequence[OutputRecord], console: Console) -> None:
    """Print name, dtype, shape, figures and problem of each output; nothing when there are none."""
    if not outputs:
        return
    table = Table(title=Text(title), title_justify="left")
    for column in ("output", "dtype", "shape"):
        table.add_column(column)
    for column in ("max abs", "error", "limit", "of limit", "cosine"):
        table.add_column(column, justify="right")
    table.add_column("problem")
    for output in outputs:
        table.add_row(*map(Text, _row(output)), style=None if output.problem is None else "red")
    console.print(table)


def _row(output: OutputRecord) -> list[str]:
    share = "-" if output.headroom is None else f"{output.headroom:.0%}"
    figures = [_figure(value) for value in (output.max_abs, output.error, output.limit)]
    shape = str(list(output.shape))
    return [output.name, output.dtype, shape, *figures, share, _figure(output.cosine), output.problem or ""]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
