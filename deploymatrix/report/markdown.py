"""The matrix as a Markdown table, fit for a README or a pull request."""

from __future__ import annotations

from deploymatrix.gate import explain_red
from deploymatrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.report.grid import cell_figure, grid, summary
from deploymatrix.report.symbols import legend, mark


def markdown(matrix: Matrix) -> str:
    """The table, its legend, and what is wrong with each red cell."""
    layout = grid(matrix)
    lines = [_row(["model", *layout.columns]), _row(["---", *("---:" for _ in layout.columns)])]
    lines += [
        _row([_escape(row), *(_entry(layout.cells.get((row, column))) for column in layout.columns)])
        for row in layout.rows
    ]
    lines += [
        "",
        f"{legend(matrix.cells)} · the figure is the share of the error limit that the worst output uses",
    ]
    red = [cell for cell in matrix.cells if cell.verdict not in VERDICTS_THAT_PASS]
    lines += ["", *(f"- {_escape(explain_red(cell))}" for cell in red)] if red else []
    return "\n".join([*lines, "", f"**{summary(matrix)}**", ""])


def _row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _entry(cell: Cell | None) -> str:
    return "" if cell is None else f"{cell_figure(cell)} {mark(cell)}".strip()


def _escape(text: str) -> str:
    """Text of models and logs must not become markup."""
    for character in "\\`*_{}[]<>#|!":
        text = text.replace(character, "\\" + character)
    return text
