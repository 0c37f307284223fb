"""The matrix on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploymatrix.matrix.causes import cause_lines
from deploymatrix.matrix.counts import count, red_cells
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.printable import printable
from deploymatrix.report.accuracy import HEAD, accuracy_rows
from deploymatrix.report.grid import By, cell_figure, grid
from deploymatrix.report.symbols import legend, mark, symbol_of

AMBER = "bold dark_orange3"


def print_table(matrix: Matrix, console: Console, by: By = "model") -> None:
    """Print the matrix, its legend, the causes of what is red, a line for each red cell, and what it comes to."""
    counts = count(matrix)
    if counts.partial:
        console.print(Text(counts.partial, style=AMBER))
    console.print(_table(matrix, by))
    console.print(Text(legend(matrix.cells)))
    console.print(Text("the figure is the share of the error limit that the worst output uses", style="dim"))
    for row in accuracy_rows(matrix.cells):
        told = ", ".join(f"{name} {entry}" for name, entry in zip(HEAD[2:], row[2:], strict=True) if entry)
        console.print(Text(printable(f"{row[0]}: {row[1]}: {told}"), style="dim"))
    for line in cause_lines(red_cells(matrix)):
        console.print(Text(printable(line), style="bold red"))
    for cell in red_cells(matrix):
        console.print(Text(printable(explain_red(cell)), style="red"))
        if cell.log:
            console.print(Text(printable(f"  log: {cell.log}"), style="dim"))
    for line in matrix.unmatched:
        console.print(Text(printable(f"unmatched: {line}"), style="red"))
    partial = Text(f"{counts.partial}; " if counts.partial else "", style=AMBER)
    style = "bold red" if counts.all_red else "bold" if counts.partial else "bold green"
    console.print(partial + Text(f"{counts.headline}; {matrix.circumstances}", style=style))


def _table(matrix: Matrix, by: By) -> Table:
    layout = grid(matrix, by)
    table = Table(title="deployability", title_justify="left")
    table.add_column("model")
    for column in layout.columns:
        table.add_column(Text(printable(column)), justify="right")
    for section, models in layout.sections.items():
        if section:
            table.add_row(*(Text(printable(text), style="bold") for text in (section, *layout.passed(section))))
        for model in models:
            table.add_row(Text(printable(model)), *map(_text, layout.row(model)))
    return table


def _text(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    return Text(f"{cell_figure(cell)} {mark(cell)}".strip(), style=symbol_of(cell).style)
