"""The summary of a CI step: Markdown under a hard limit of bytes, the red cells first.

GitHub shows nothing of a step summary over 1 MiB:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
"""

from __future__ import annotations

from collections.abc import Iterable

from deploymatrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.report.grid import headline, summary
from deploymatrix.report.markdown import escape, explanation, table_rows
from deploymatrix.report.symbols import SYMBOLS, legend

LARGEST = 1_000_000  # bytes
NOTE = 200  # bytes kept free for the line that says how many rows were left out


def step_summary(matrix: Matrix, largest: int = LARGEST) -> str:
    """Headline, a table of the red cells, then the matrix; a table that does not fit ends at a row and says so."""
    red = [cell for cell in matrix.cells if cell.verdict not in VERDICTS_THAT_PASS]
    text = f"## deploymatrix: {headline(matrix)}\n\n{summary(matrix)}\n"
    if red:
        head = "\n| | cell | outcome | blamed on | why |\n| --- | --- | --- | --- | --- |\n"
        text = _with_table(text, head, map(_red_row, red), len(red), largest)
    head, *rows = table_rows(matrix)
    text = _with_table(text, f"\n{head}", rows, len(rows), largest)
    end = f"\n{legend(matrix.cells)}\n"
    return text + end if _size(text) + _size(end) <= largest else text


def _with_table(text: str, head: str, rows: Iterable[str], count: int, largest: int) -> str:
    """`text` with as many of the rows as leave room for the note."""
    kept = []
    room = largest - NOTE - _size(text) - _size(head)
    for row in rows:
        room -= _size(row)
        if room < 0:
            break
        kept.append(row)
    left_out = count - len(kept)
    note = f"\n{left_out} of {count} rows were left out: the summary may not be larger. The report has them all.\n"
    if not kept:
        return text + note if _size(text) + _size(note) <= largest else text
    return text + head + "".join(kept) + (note if left_out else "")


def _red_row(cell: Cell) -> str:
    blamed = escape(cell.blame or "")
    return f"| {SYMBOLS[cell.outcome].character} | {escape(cell.name)} | {cell.outcome} | {blamed} | {explanation(cell)} |\n"


def _size(text: str) -> int:
    return len(text.encode())
