"""What a variant buys: size, time and memory beside full precision, and the variants that buy nothing.

Nobody is accused of noise. Medians and fastest runs must both say so, and by more than the runs of one cell differ
among themselves: a busy machine adds to some runs, and seldom to the fastest of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from deploymatrix.matrix.beside import LEAST_SECONDS, NOISE_LATENCY, fastest_beside, latency_beside, name_beside
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell

SHRINKS, SPEEDS_UP = 0.9, 0.95  # a variant is smaller, or faster, below this share of full precision's
NO_TIMES: Mapping[str, Measurement] = {}
Buys = Literal["", "nothing", "size with time"]
NOTE = (
    "a share of full precision's: bytes of the artifact / median run (~: too short or too noisy to tell) / peak memory"
)


@dataclass(frozen=True, kw_only=True)
class Worth:
    """A cell's shares of full precision's size, median run, fastest run and peak memory; None where nobody can tell.

    spread: median over fastest run, of the one of both cells that was disturbed more. is_long: whether the runs take
    long enough for their times to be told from each other.
    """

    cell: Cell
    size: float | None = None
    time: float | None = None
    fastest: float | None = None
    memory: float | None = None
    spread: float = 1.0
    is_long: bool = False

    @property
    def is_told(self) -> bool:
        """Whether the times say anything: of runs that are long enough, on a machine that was not too busy."""
        return self.is_long and self.spread <= NOISE_LATENCY

    @property
    def buys(self) -> Buys:
        """What the variant does not spare, of a cell that passed; empty where it does, or where nobody can tell."""
        if self.cell.outcome != "passed" or self.size is None or self.time is None or not self.is_told:
            return ""
        least = min(self.time, self.time if self.fastest is None else self.fastest) / self.spread
        if self.size >= SHRINKS:
            return "nothing" if least >= SPEEDS_UP else ""
        return "size with time" if least >= NOISE_LATENCY else ""

    @property
    def words(self) -> str:
        """The shares, such as "0.98 of the size, 1.1 of the time"."""
        known = [("size", self.size), ("time", self.time), ("memory", self.memory)]
        approximate = "" if self.is_told else "about "
        return ", ".join(
            f"{approximate if what == 'time' else ''}{share(value)} of the {what}"
            for what, value in known
            if value is not None
        )

    @property
    def entry(self) -> str:
        """The shares for a table, such as "0.26 / ~1.2 / 1"; empty where there is none."""
        time = share(self.time) if self.is_told or self.time is None else f"~{share(self.time)}"
        shares = [share(self.size), time, share(self.memory)]
        return "" if set(shares) == {"–"} else " / ".join(shares)


def worth(cell: Cell, measurements: Mapping[str, Measurement]) -> Worth:
    """Return what a cell's variant buys; without any share for one that stands beside none."""
    own, other = measurements.get(cell.name), measurements.get(name_beside(cell))
    if own is None or other is None:
        return Worth(cell=cell, size=cell.size_ratio)
    times = [seconds for seconds in (own.run_s, other.run_s) if seconds is not None]
    return Worth(
        cell=cell,
        size=cell.size_ratio,
        time=latency_beside(own, other),
        fastest=fastest_beside(own, other),
        memory=own.peak_mb / other.peak_mb if own.peak_mb is not None and other.peak_mb else None,
        spread=max(_spread(own), _spread(other)),
        is_long=max(times, default=0.0) >= LEAST_SECONDS,
    )


def pointed_out(cells: Iterable[Cell], measurements: Mapping[str, Measurement]) -> list[Worth]:
    """Return what buys nothing, or size with time, by target and variant, the least worth first."""
    found = [worth(cell, measurements) for cell in cells]
    return sorted(
        (each for each in found if each.buys), key=lambda w: (w.buys, w.cell.target, w.cell.variant, w.cell.name)
    )


def note(found: Worth) -> str:
    """Say of one cell what its variant buys."""
    return f"{found.cell.target} {found.cell.variant} of {found.cell.model}: {_spared(found)}: it buys {found.buys}"


def by_variant(found: Iterable[Worth]) -> Iterator[tuple[tuple[Buys, str, str], list[Worth]]]:
    """Yield what was pointed out by what it buys, target and variant."""
    for key, group in groupby(found, key=lambda w: (w.buys, w.cell.target, w.cell.variant)):
        yield key, list(group)


def notes(found: Iterable[Worth]) -> Iterator[str]:
    """Yield a line for each target and variant, with its models."""
    for (buys, target, variant), group in by_variant(found):
        models = [f"{w.cell.model} ({_spared(w)})" for w in group]
        yield f"{target} {variant} buys {buys} for {', '.join(models)}"


def _spread(measured: Measurement) -> float:
    return measured.run_s / measured.fastest_s if measured.run_s and measured.fastest_s else 1.0


def _spared(found: Worth) -> str:
    return f"{share(found.size)} of the size, {share(found.time)} of the time"


def share(value: float | None) -> str:
    """Write a share with two digits, such as 0.26, 1.1, 12; a dash where nobody knows it."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"
