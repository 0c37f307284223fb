"""What was varied to see whether a cell's answers are stable, and how far they were apart, in one line."""

from __future__ import annotations

from deploymatrix.matrix.records import Cell


def stability(cell: Cell) -> str:
    """Name the checks and the output that varied most, such as `repeat, load; at most 3e-08 apart (logits)`.

    The distance is max|a - b| among the answers to one sample, in the output's own unit. Nothing where nobody checked.
    """
    if not cell.checks:
        return ""
    named = ", ".join(cell.checks)
    widest = max(cell.drift, key=lambda name: cell.drift[name], default=None)
    if widest is None:
        return f"{named}: all answers alike"
    return f"{named}; at most {cell.drift[widest]:.3g} apart ({widest})"
