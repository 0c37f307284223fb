"""The matrix on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploymatrix.matrix.causes import cause_lines
from deploymatrix.matrix.counts import count, red_cells
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.printable import printable
from deploymatrix.report.accuracy import HEAD, accuracy_rows
from deploymatrix.report.grid import By, Grid, Row, cell_figure, grid
from deploymatrix.report.symbols import legend, mark, symbol_of
from deploymatrix.report.worth import NO_TIMES, NOTE, notes, pointed_out, worth

AMBER = "bold dark_orange3"


def print_table(
    matrix: Matrix, console: Console, by: By = "model", measurements: Mapping[str, Measurement] = NO_TIMES
) -> None:
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
    besides = _beside(matrix, by, measurements)
    if besides.row_count:
        console.print(besides)
        console.print(Text(NOTE, style="dim"))
    for line in notes(pointed_out(matrix.cells, measurements)):
        console.print(Text(printable(f"note: {line}"), style=AMBER))
    partial = Text(f"{counts.partial}; " if counts.partial else "", style=AMBER)
    style = "bold red" if counts.all_red else "bold" if counts.partial else "bold green"
    console.print(partial + Text(f"{counts.headline}; {matrix.circumstances}", style=style))


def _table(matrix: Matrix, by: By) -> Table:
    layout = grid(matrix, by)
    table = _empty("deployability", layout)
    for section, rows in layout.sections.items():
        if section:
            blank = [""] if layout.has_variants else []
            table.add_row(*(Text(printable(text), style="bold") for text in (section, *blank, *layout.passed(section))))
        _add_rows(table, layout, rows, _text)
    return table


def _beside(matrix: Matrix, by: By, measurements: Mapping[str, Measurement]) -> Table:
    """Lay out what variants buy; a table without rows where none stands beside another one."""
    layout = grid(matrix, by)
    table = _empty("beside full precision: size / time / memory", layout)
    entries = {cell.name: worth(cell, measurements).entry for cell in matrix.cells}
    for rows in layout.sections.values():
        told = [row for row in rows if any(cell and entries[cell.name] for cell in layout.row(row))]
        _add_rows(table, layout, told, lambda cell: Text(entries[cell.name] if cell else ""))
    return table


def _empty(title: str, layout: Grid) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(layout.of)
    if layout.has_variants:
        table.add_column("variant")
    for column in layout.columns:
        table.add_column(Text(printable(column)), justify="right")
    return table


def _add_rows(table: Table, layout: Grid, rows: Iterable[Row], text: Callable[[Cell | None], Text]) -> None:
    """Add the rows, each model's name once."""
    before = ""
    for row in rows:
        names = [row.model if row.model != before else "", *([row.variant] if layout.has_variants else [])]
        table.add_row(*(Text(printable(name)) for name in names), *map(text, layout.row(row)))
        before = row.model


def _text(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    return Text(f"{cell_figure(cell)} {mark(cell)}".strip(), style=symbol_of(cell).style)
