"""What all cells of one run have in common: a target has one image and one runtime, a step one version of a package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploymatrix.matrix.records import Cell


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two cells that cannot be of one run, by the source that each comes from, and why."""

    one: tuple[str, Cell]
    other: tuple[str, Cell]
    why: str


def differences(cells: Iterable[tuple[str, Cell]]) -> Iterator[Difference]:
    """Yield each difference of a cell from the first one that tells the same fact. cells: with their source."""
    first: dict[str, tuple[str, tuple[str, Cell]]] = {}
    for source, cell in cells:
        for fact, value in _facts(cell):
            known, holder = first.setdefault(fact, (value, (source, cell)))
            if known != value:
                why = f"{fact}: {_short(known)} against {_short(value)}"
                yield Difference(one=holder, other=(source, cell), why=why)


def _facts(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield what a cell tells of its target and of the step that made its artifact."""
    if cell.image is not None:
        yield f"image of target {cell.target}", cell.image
    for package, version in cell.versions.items():
        of_runtime = package.startswith(f"{cell.target}: ")
        where = "" if of_runtime else f"{cell.steps[-1] if cell.steps else cell.target}: "
        yield f"version of {where}{package}", version


def _short(value: str) -> str:
    return f"{value[:12]}…" if len(value) > 40 else value
