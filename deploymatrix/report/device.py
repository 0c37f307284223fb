"""What computed a cell's answers, where it was not the processor itself, in one line."""

from __future__ import annotations

from deploymatrix.matrix.records import Cell


def device_words(cell: Cell) -> str:
    """Name the device and say why no latency stands beside it; nothing where the processor computed."""
    return f"{cell.device}: how long it takes is no latency, so none is told" if cell.device else ""
