"""The matrix as a Markdown table, fit for a README or a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from deploymatrix.matrix.causes import cause_lines
from deploymatrix.matrix.counts import count, red_cells
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.printable import printable
from deploymatrix.report.accuracy import HEAD, accuracy_rows
from deploymatrix.report.grid import By, cell_figure, grid, summary
from deploymatrix.report.symbols import legend, mark

AMBER = "🟠"  # Markdown has no colours
LONGEST = 300  # characters of an explanation in a table


def markdown(matrix: Matrix, by: By = "model") -> str:
    """Write the table, its legend, the causes of what is red, and what is wrong with each red cell."""
    partial = count(matrix).partial
    text = f"**{AMBER} {partial}**\n\n" if partial else ""
    text += "".join(table_rows(matrix, by))
    text += f"\n{legend(matrix.cells)} · the figure is the share of the error limit that the worst output uses\n"
    worth = accuracy_rows(matrix.cells)
    if worth:
        rows = [HEAD, ["---", "---", *("---:" for _ in HEAD[2:])]]
        text += "\n" + "".join(_row(row) for row in rows)
        text += "".join(_row([escape(entry) for entry in row]) for row in worth)
    causes = cause_lines(red_cells(matrix))
    if causes:
        text += "\n" + "".join(f"- **{escape(line)}**\n" for line in causes)
    red = [*map(explain_red, red_cells(matrix)), *matrix.unmatched]
    if red:
        text += "\n" + "".join(f"- {escape(line)}\n" for line in red)
    return f"{text}\n**{summary(matrix)}**\n"


def table_rows(matrix: Matrix, by: By = "model") -> list[str]:
    """Return the lines of the table, each with its line end; the head and the line below it are one entry."""
    layout = grid(matrix, by)
    lines = [_row(["model", *map(escape, layout.columns)]) + _row(["---", *("---:" for _ in layout.columns)])]
    for section, models in layout.sections.items():
        if section:
            lines.append(
                _row(
                    [
                        f"**{escape(section)}**",
                        *(f"**{counts}**" if counts else "" for counts in layout.passed(section)),
                    ]
                )
            )
        lines += [_row([escape(model), *map(_entry, layout.row(model))]) for model in models]
    return lines


def explanation(cell: Cell) -> str:
    """Say why a cell is red, without its name, for a table's cell."""
    return escape(explain_red(cell).removeprefix(f"{cell.name}: ")[:LONGEST])


def escape(text: str) -> str:
    """Escape text of models and logs: it must not become markup, end a table's row, or call somebody by name."""
    text = printable(text)
    for character in "\\`*_{}[]<>#|!~$&":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split()).replace("@", "@\u200b")


def _row(entries: Sequence[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


def _entry(cell: Cell | None) -> str:
    return "" if cell is None else f"{cell_figure(cell)} {mark(cell)}".strip()
