"""What computed a cell's answers, where it was not this machine's processor itself, in one line."""

from __future__ import annotations

from deploymatrix.matrix.records import Cell

NO_LATENCY = "how long it takes is no latency, so none is told"


def device_words(cell: Cell) -> str:
    """Name the device and say why no latency stands beside it; nothing where the processor computed."""
    return f"{cell.device}: {NO_LATENCY}" if cell.device else ""


def platform_words(cell: Cell) -> str:
    """Name the platform that the runtime is built for, where its runner names one, and say what emulation means."""
    return f"{cell.platform}, emulated: {NO_LATENCY}" if cell.emulated else cell.platform
