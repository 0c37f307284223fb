"""One model's artifacts by the versions of a runtime: which of them load and pass, and where that begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploymatrix.matrix.records import Cell


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A version of the runtime, and the cell that it decided."""

    version: str
    cell: Cell

    @property
    def passes(self) -> bool:
        return self.cell.outcome == "passed"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One artifact on all versions, the oldest first. options: what its last step was given besides its own ones.

    why: what makes that artifact differ; empty for the one that a run makes.
    """

    options: Mapping[str, Any]
    why: str
    rungs: tuple[Rung, ...]

    @property
    def first(self) -> str:
        """The version from which on every later one passes; empty where the newest does not."""
        passing = []
        for rung in reversed(self.rungs):
            if not rung.passes:
                break
            passing.append(rung.version)
        return passing[-1] if passing else ""

    @property
    def last_failing(self) -> str:
        """The newest version that does not pass; empty where all do."""
        return next((rung.version for rung in reversed(self.rungs) if not rung.passes), "")


def by_version(cells: Iterable[Cell], own: str, further: Mapping[str, str]) -> tuple[Rung, ...]:
    """Put cells of one artifact into the order of their runtimes' versions.

    own: the target itself. further: the versions of the other targets, by name. The target's own version is read from
    the record of a cell that ran; "as locked" where it did not, and then it stands last.
    """
    listed = list(cells)
    package = _package(listed, further)
    rungs = []
    for cell in listed:
        recorded = cell.versions.get(f"{own}: {package}", "as locked")
        rungs.append(Rung(version=further.get(cell.target, recorded), cell=cell))
    return tuple(sorted(rungs, key=lambda rung: _order(rung.version)))


def _package(cells: Iterable[Cell], further: Mapping[str, str]) -> str:
    """Return the package whose versions these are, by a cell whose record names it; empty where none ran."""
    for cell in cells:
        for name, version in cell.versions.items():
            target, _, package = name.partition(": ")
            if further.get(target) == version:
                return package
    return ""


def _order(version: str) -> tuple[tuple[int, int], ...]:
    """Order by the numbers in a version; words such as rc stand before the release; no number at all stands last."""
    parts = re.findall(r"\d+|[a-z]+", version)
    numbered = [(1, int(part)) if part.isdigit() else (0, 0) for part in parts]
    return (*numbered, (1, 0)) if version[:1].isdigit() else ((2, 0),)
