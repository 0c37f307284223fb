"""Figures: what was measured, several times, with its unit."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured quantity: its name (section.what), a value for each repeat, a unit (s, ms, MiB, x, a count)."""

    name: str
    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def figure(name: str, values: Iterable[float], unit: str) -> Figure:
    """Raise ValueError where nothing was measured: a figure must not seem to be there."""
    found = tuple(float(value) for value in values)
    if not found:
        raise ValueError(f"{name}: nothing was measured")
    return Figure(name=name, values=found, unit=unit)


def ratios(name: str, over: Iterable[float], under: Iterable[float]) -> Figure:
    """`over` / `under`, repeat by repeat: what was measured side by side is divided by one another."""
    return figure(name, [a / b for a, b in zip(over, under, strict=True)], "x")
