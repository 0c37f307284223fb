"""The matrix on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.report.grid import cell_figure, grid, summary
from deploymatrix.report.symbols import SYMBOLS, legend, mark


def print_table(matrix: Matrix, console: Console) -> None:
    """Print the matrix, its legend, and a line for each red cell."""
    console.print(_table(matrix))
    console.print(Text(legend(matrix.cells)))
    console.print(Text("the figure is the share of the error limit that the worst output uses", style="dim"))
    for cell in matrix.cells:
        if cell.verdict not in VERDICTS_THAT_PASS:
            console.print(Text(explain_red(cell), style="red"))
    console.print(Text(summary(matrix), style="bold"))


def _table(matrix: Matrix) -> Table:
    layout = grid(matrix)
    table = Table(title="deployability", title_justify="left")
    table.add_column("model")
    for column in layout.columns:
        table.add_column(column, justify="right")
    for row in layout.rows:
        table.add_row(row, *(_text(layout.cells.get((row, column))) for column in layout.columns))
    return table


def _text(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    return Text(f"{cell_figure(cell)} {mark(cell)}".strip(), style=SYMBOLS[cell.outcome].style)
