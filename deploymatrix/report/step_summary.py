"""The summary of a CI step: Markdown under a hard limit of bytes, the red cells first.

GitHub shows nothing of a step summary over 1 MiB:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
"""

from __future__ import annotations

from collections.abc import Sequence

from deploymatrix.matrix.causes import cause_lines
from deploymatrix.matrix.counts import count, red_cells, standing
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.report.markdown import AMBER, escape, explanation, table_rows
from deploymatrix.report.symbols import legend, mark

LARGEST = 1_000_000  # bytes
NOTE = 200  # bytes kept free for the line that says how many rows were left out


def step_summary(matrix: Matrix, largest: int = LARGEST) -> str:
    """Write a headline, the causes, a table of the red cells, then the matrix.

    A part of the plan says so first. A table that does not fit is cut, and says so.
    """
    rows = [_red_row(cell) for cell in red_cells(matrix)] + [_unmatched_row(line) for line in matrix.unmatched]
    counts = count(matrix)
    partial = f"{AMBER} {counts.partial}; " if counts.partial else ""
    text = f"## deploymatrix: {partial}{counts.headline}\n\n{matrix.circumstances}\n"
    causes = [f"- **{escape(line)}**\n" for line in cause_lines(red_cells(matrix))]
    if causes:
        text = _with_table(text, "\n", causes, largest)
    if rows:
        head = "\n| | cell | outcome | blamed on | why |\n| --- | --- | --- | --- | --- |\n"
        text = _with_table(text, head, rows, largest)
    head, *rows = table_rows(matrix)
    text = _with_table(text, f"\n{head}", rows, largest)
    end = f"\n{legend(matrix.cells)}\n"
    return text + end if _size(text) + _size(end) <= largest else text


def _with_table(text: str, head: str, rows: Sequence[str], largest: int) -> str:
    """Append as many of the rows to `text` as leave room for the note."""
    kept = []
    room = largest - NOTE - _size(text) - _size(head)
    for row in rows:
        room -= _size(row)
        if room < 0:
            break
        kept.append(row)
    left_out = len(rows) - len(kept)
    note = f"\n{left_out} of {len(rows)} rows were left out: the summary may not be larger. The report has them all.\n"
    if not kept:
        return text + note if _size(text) + _size(note) <= largest else text
    return text + head + "".join(kept) + (note if left_out else "")


def _red_row(cell: Cell) -> str:
    entries = [mark(cell), escape(cell.name), standing(cell), escape(cell.blame or "")]
    return f"| {' | '.join(entries)} | {explanation(cell)} |\n"


def _unmatched_row(line: str) -> str:
    return f"| ↯ | | entry without a cell | | {escape(line)} |\n"


def _size(text: str) -> int:
    return len(text.encode())
