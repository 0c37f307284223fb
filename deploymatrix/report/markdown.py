"""The matrix as a Markdown table, fit for a README or a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploymatrix.matrix.causes import cause_lines
from deploymatrix.matrix.counts import count, red_cells
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.printable import printable
from deploymatrix.report.accuracy import HEAD, accuracy_rows
from deploymatrix.report.grid import By, Grid, Row, cell_figure, grid, summary
from deploymatrix.report.symbols import legend, mark
from deploymatrix.report.worth import NO_TIMES, NOTE, notes, pointed_out, worth

AMBER = "🟠"  # Markdown has no colours
LONGEST = 300  # characters of an explanation in a table


def markdown(matrix: Matrix, by: By = "model", measurements: Mapping[str, Measurement] = NO_TIMES) -> str:
    """Write the table, its legend, the causes, what is wrong with each red cell, and what variants buy."""
    partial = count(matrix).partial
    text = f"**{AMBER} {partial}**\n\n" if partial else ""
    text += "".join(table_rows(matrix, by))
    text += f"\n{legend(matrix.cells)} · the figure is the share of the error limit that the worst output uses\n"
    scored = accuracy_rows(matrix.cells)
    if scored:
        rows = [HEAD, ["---", "---", *("---:" for _ in HEAD[2:])]]
        text += "\n" + "".join(_row(row) for row in rows)
        text += "".join(_row([escape(entry) for entry in row]) for row in scored)
    causes = cause_lines(red_cells(matrix))
    if causes:
        text += "\n" + "".join(f"- **{escape(line)}**\n" for line in causes)
    red = [*map(explain_red, red_cells(matrix)), *matrix.unmatched]
    if red:
        text += "\n" + "".join(f"- {escape(line)}\n" for line in red)
    text += beside(matrix, by, measurements)
    return f"{text}\n**{summary(matrix)}**\n"


def table_rows(matrix: Matrix, by: By = "model") -> list[str]:
    """Return the lines of the table, each with its line end; the head and the line below it are one entry."""
    layout = grid(matrix, by)
    lines = [_head(layout)]
    before = ""
    for section, rows in layout.sections.items():
        if section:
            blank = [""] if layout.has_variants else []
            counts = [f"**{counts}**" if counts else "" for counts in layout.passed(section)]
            lines.append(_row([f"**{escape(section)}**", *blank, *counts]))
        for row in rows:
            lines.append(_row([*_names(layout, row, before), *map(_entry, layout.row(row))]))
            before = row.model
    return lines


def beside(matrix: Matrix, by: By, measurements: Mapping[str, Measurement]) -> str:
    """Write what variants buy: a table of size, time and memory, and who buys nothing; empty where none stands beside
    another one."""
    layout = grid(matrix, by)
    found = {cell.name: worth(cell, measurements) for cell in matrix.cells}
    lines, before = [], ""
    for row in (row for rows in layout.sections.values() for row in rows):
        entries = [found[cell.name].entry if cell else "" for cell in layout.row(row)]
        if any(entries):
            lines.append(_row([*_names(layout, row, before), *entries]))
            before = row.model
    if not lines:
        return ""
    text = f"\n**Beside full precision**\n\n{_head(layout)}{''.join(lines)}\n{escape(NOTE)}\n"
    told = list(notes(pointed_out(matrix.cells, measurements)))
    return text + ("\n" + "".join(f"- {escape(line)}\n" for line in told) if told else "")


def explanation(cell: Cell) -> str:
    """Say why a cell is red, without its name, for a table's cell."""
    return escape(explain_red(cell).removeprefix(f"{cell.name}: ")[:LONGEST])


def escape(text: str) -> str:
    """Escape text of models and logs: it must not become markup, end a table's row, or call somebody by name."""
    text = printable(text)
    for character in "\\`*_{}[]<>#|!~$&":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split()).replace("@", "@\u200b")


def _head(layout: Grid) -> str:
    names = [layout.of, "variant"] if layout.has_variants else [layout.of]
    rule = ["---" for _ in names] + ["---:" for _ in layout.columns]
    return _row([*names, *map(escape, layout.columns)]) + _row(rule)


def _names(layout: Grid, row: Row, before: str) -> list[str]:
    """Name the row; a model only in the first of its rows."""
    model = escape(row.model) if row.model != before else ""
    return [model, escape(row.variant)] if layout.has_variants else [model]


def _row(entries: Sequence[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


def _entry(cell: Cell | None) -> str:
    return "" if cell is None else f"{cell_figure(cell)} {mark(cell)}".strip()
