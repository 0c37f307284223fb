"""The difference between two runs, cell by cell: added, removed, regressed, fixed, changed or unchanged.

A change of size, latency or headroom counts when it exceeds the difference between two runs of the same thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from deploymatrix.matrix.beside import LEAST_SECONDS, NOISE_LATENCY
from deploymatrix.matrix.snapshots import CellState, States
from deploymatrix.numerics.failing import named

Change = Literal["regressed", "fixed", "added", "removed", "changed", "unchanged"]

# Exporters write dates and names of temporary folders into some formats: a few bytes.
NOISE_SIZE = 0.005
# Kernels that add in another order move an error by tens of percent of itself; below the least share nobody cares.
NOISE_HEADROOM = 1.5
LEAST_HEADROOM = 0.02


@dataclass(frozen=True, kw_only=True)
class CellDiff:
    """A cell in two runs. `reasons` says in words what changed."""

    cell: str
    change: Change
    before: CellState | None
    after: CellState | None
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, with each ratio after / before; None where a side lacks the figure."""
        sides = {"before": self.before, "after": self.after}
        return {
            "cell": self.cell,
            "change": self.change,
            "reasons": list(self.reasons),
            **{side: state.model_dump(mode="json") if state else None for side, state in sides.items()},
            **self._ratios(),
        }

    def _ratios(self) -> dict[str, float | None]:
        if self.before is None or self.after is None:
            return {"size_ratio": None, "latency_ratio": None, "headroom_ratio": None}
        return {
            "size_ratio": _ratio(self.before.bytes, self.after.bytes),
            "latency_ratio": _ratio(*_latencies(self.before, self.after)),
            "headroom_ratio": _ratio(self.before.headroom, self.after.headroom),
        }


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All cells of both runs, worst first, and the cells without a result in one of them."""

    cells: tuple[CellDiff, ...]
    missing: tuple[str, ...]

    def of(self, *changes: Change) -> tuple[CellDiff, ...]:
        return tuple(cell for cell in self.cells if cell.change in changes)

    @property
    def counts(self) -> dict[Change, int]:
        counted = Counter(cell.change for cell in self.cells)
        return {change: counted[change] for change in get_args(Change)}

    def as_dict(self) -> dict[str, Any]:
        cells = [cell.as_dict() for cell in self.cells]
        return {"counts": self.counts, "missing": list(self.missing), "cells": cells}


def diff(before: States, after: States, *, scope: Collection[str] | None = None) -> Diff:
    """Classify every cell of both runs, or those in `scope`.

    Skip a cell that a selection left out of one run; list one without a result as missing.
    """
    missing = {*before.missing, *after.missing}
    names = ({*before.cells, *after.cells} if scope is None else set(scope)) - missing
    pairs = {name: (before.cells.get(name), after.cells.get(name)) for name in names}
    compared = [
        _classify(name, old, new)
        for name, (old, new) in pairs.items()
        if (old or new) and (old or not before.selection) and (new or not after.selection)
    ]
    order = {change: rank for rank, change in enumerate(get_args(Change))}
    return Diff(
        cells=tuple(sorted(compared, key=lambda d: (order[d.change], d.cell))),
        missing=tuple(sorted(missing if scope is None else missing & set(scope))),
    )


def is_unchanged(before: CellState, after: CellState) -> bool:
    """Tell whether two states differ only by noise."""
    return not _reasons(before, after)


def _classify(name: str, before: CellState | None, after: CellState | None) -> CellDiff:
    if before is None or after is None:
        return CellDiff(cell=name, change="added" if after else "removed", before=before, after=after, reasons=())
    reasons = tuple(_reasons(before, after))
    change: Change = "changed" if reasons else "unchanged"
    if before.is_green != after.is_green:
        change = "fixed" if after.is_green else "regressed"
    return CellDiff(cell=name, change=change, before=before, after=after, reasons=reasons)


def _reasons(before: CellState, after: CellState) -> list[str]:
    outcome = None
    if _outcome(before) != _outcome(after):
        outcome = f"{_outcome(before)} → {_outcome(after)}"
    reasons = [outcome, _size(before, after), _latency(before, after), _headroom(before, after)]
    return [reason for reason in reasons if reason]


def _outcome(state: CellState) -> str:
    if state.over_budget:
        return "over budget"
    stage = f" in stage {state.stage}" if state.stage else ""
    return f"{named(state.outcome, state.fails)}{stage}" + (f", blamed on {state.blame}" if state.blame else "")


def _size(before: CellState, after: CellState) -> str | None:
    if before.bytes is None or after.bytes is None or abs(after.bytes - before.bytes) <= NOISE_SIZE * before.bytes:
        return None
    return f"size {before.bytes:,} → {after.bytes:,} bytes{_percent(before.bytes, after.bytes)}"


def _latency(before: CellState, after: CellState) -> str | None:
    """Compare ratios to eager where both runs have them: seconds of two machines say nothing."""
    old, new = _latencies(before, after)
    if old is None or new is None or before.run_s is None or after.run_s is None:
        return None
    if abs(after.run_s - before.run_s) < LEAST_SECONDS or not _moved(old, new, NOISE_LATENCY):
        return None
    unit = "times eager" if before.latency is not None and after.latency is not None else "s"
    return f"latency {old:.3g} → {new:.3g} {unit}{_percent(old, new)}"


def _latencies(before: CellState, after: CellState) -> tuple[float | None, float | None]:
    if before.latency is not None and after.latency is not None:
        return before.latency, after.latency
    return before.run_s, after.run_s


def _headroom(before: CellState, after: CellState) -> str | None:
    old, new = before.headroom, after.headroom
    if old is None or new is None or abs(new - old) < LEAST_HEADROOM or not _moved(old, new, NOISE_HEADROOM):
        return None
    return f"headroom {old:.3g} → {new:.3g} of the limit"


def _moved(old: float, new: float, factor: float) -> bool:
    return new > old * factor or old > new * factor


def _percent(old: float, new: float) -> str:
    return f" ({(new - old) / old:+.1%})" if old else ""


def _ratio(old: float | None, new: float | None) -> float | None:
    return float(f"{new / old:.4g}") if old and new is not None else None
