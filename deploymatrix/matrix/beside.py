"""Size, time and memory of a variant, beside those of the same model and target in full precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell

DIGITS = 4
# Medians of a few runs on a shared machine; below the least difference they are the clock's and the scheduler's.
NOISE_LATENCY = 1.5
LEAST_SECONDS = 2e-4


def name_beside(cell: Cell) -> str:
    """Return the name of the cell that this one stands beside, whether that was planned or not; empty for none."""
    return f"{cell.model}/{cell.target}/{cell.beside}" if cell.beside else ""


def size_ratio(cell: Cell, other: Cell | None) -> float | None:
    """Return the artifact's bytes over those of the other cell's; None where one of them has no artifact."""
    if other is None or cell.artifact is None or other.artifact is None or not other.artifact.bytes:
        return None
    return _rounded(cell.artifact.bytes / other.artifact.bytes)


def with_size_ratios(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells, each with the ratio that follows from their artifacts, whatever it said before."""
    listed = tuple(cells)
    by_name = {cell.name: cell for cell in listed}
    return tuple(_updated(cell, size_ratio(cell, by_name.get(name_beside(cell)))) for cell in listed)


def without_size_ratios(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Yield the cells without what follows from another one."""
    yield from (_updated(cell, None) for cell in cells)


def latency_beside(measured: Measurement | None, other: Measurement | None) -> float | None:
    """Return the median run over the other's; None where one was not measured, or on another machine.

    Eager float32 is timed once for each model and machine, so two times of it are of two machines.
    """
    if measured is None or other is None or measured.run_s is None or not other.run_s:
        return None
    return _rounded(measured.run_s / other.run_s) if measured.eager_s == other.eager_s else None


def fastest_beside(measured: Measurement, other: Measurement) -> float | None:
    """Return the fastest run over the other's: what noise of the machine, which only adds to times, moves least."""
    if latency_beside(measured, other) is None or measured.fastest_s is None or not other.fastest_s:
        return None
    return _rounded(measured.fastest_s / other.fastest_s)


def with_ratios(measured: Iterable[Measurement], cells: Iterable[Cell]) -> tuple[Measurement, ...]:
    """Return the measurements, each with its ratios to that of the cell beside it."""
    listed = tuple(measured)
    by_cell = {measurement.cell: measurement for measurement in listed}
    other_of = {cell.name: by_cell.get(name_beside(cell)) for cell in cells}
    return tuple(_with_ratios(measurement, other_of.get(measurement.cell)) for measurement in listed)


def without_ratios(measured: Iterable[Measurement]) -> Iterator[Measurement]:
    """Yield the measurements without what follows from another one."""
    yield from (_with_ratios(measurement, None) for measurement in measured)


def _updated(cell: Cell, ratio: float | None) -> Cell:
    return cell if cell.size_ratio == ratio else cell.model_copy(update={"size_ratio": ratio})


def _with_ratios(measured: Measurement, other: Measurement | None) -> Measurement:
    memory = None
    if other is not None and measured.peak_mb is not None and other.peak_mb:
        memory = _rounded(measured.peak_mb / other.peak_mb)
    ratios = {"latency_ratio": latency_beside(measured, other), "memory_ratio": memory}
    return measured.model_copy(update=ratios)


def _rounded(ratio: float) -> float:
    return float(f"{ratio:.{DIGITS}g}")
