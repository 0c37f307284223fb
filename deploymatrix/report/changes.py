"""A diff as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from deploymatrix.matrix.diff import CellDiff, Diff
from deploymatrix.report.markdown import escape


def lines(diff: Diff) -> Iterable[str]:
    """Yield a line for each cell that changed, then the totals."""
    for cell in diff.cells:
        if cell.change != "unchanged":
            yield line(cell)
    yield from (f"missing: {name}: no result" for name in diff.missing)
    yield summary(diff)


def line(cell: CellDiff) -> str:
    """Say in one line the change, the cell, and what differs."""
    return f"{cell.change}: {cell.cell}" + (f": {_words(cell)}" if _words(cell) else "")


def summary(diff: Diff) -> str:
    """Count the cells of each class."""
    counts = [f"{count} {change}" for change, count in diff.counts.items() if count]
    counts += [f"{len(diff.missing)} missing"] if diff.missing else []
    return ", ".join(counts) or "nothing to compare"


def markdown(diff: Diff) -> str:
    """Make a table of the cells that changed, with the totals."""
    rows = [f"| {escape(c.cell)} | {c.change} | {escape(_words(c))} |" for c in diff.cells if c.change != "unchanged"]
    rows += [f"| {escape(name)} | missing | no result |" for name in diff.missing]
    table = ["| cell | change | what |", "| --- | --- | --- |", *rows, ""] if rows else []
    return "\n".join([*table, f"**{summary(diff)}**", ""])


def _words(cell: CellDiff) -> str:
    if cell.change in ("added", "removed"):
        state = cell.after or cell.before
        return state.outcome if state else ""
    return "; ".join(cell.reasons)
