"""Shards: parts of one plan, each for a machine of its own, merged afterwards.

A part is `i/n`, which takes its cells by a hash of their names, or `target=NAME`. Each part knows the whole plan: a
merge sees a part that never came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.records import Shard
from deploymatrix.project.nearest import nearest
from deploymatrix.project.plan import PlannedCell
from deploymatrix.store import digests

COUNTED = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
BY_TARGET = "target="


def take_shard(part: str, planned: Sequence[PlannedCell]) -> tuple[list[PlannedCell], Shard]:
    """Return the cells of a part, perhaps none, and the record that goes into its matrix.

    Raise ConfigurationError for a part that is neither i/n with i from 1 to n nor target=NAME of a planned target.
    """
    record = Shard(
        parts=(part,),
        plan=plan_digest(cell.name for cell in planned),
        cells=tuple(sorted(cell.name for cell in planned)),
    )
    if part.startswith(BY_TARGET):
        return _of_target(part.removeprefix(BY_TARGET), planned), record
    index, count = _counted(part)
    return [cell for cell in planned if number_of(_placed_by(cell), count) == index], record


def plan_digest(names: Iterable[str]) -> str:
    """Return the digest of a plan: of its cells' names, whatever their order."""
    return digests.of_data(sorted(names))


def number_of(name: str, count: int) -> int:
    """Return the number of a cell's part, from 1 to `count`: it follows from the name alone, on every machine."""
    return int(sha256(name.encode()).hexdigest(), 16) % count + 1


def _placed_by(cell: PlannedCell) -> str:
    """Return the name that places a cell: that of the cell beside it, so that one machine takes the times of both."""
    return f"{cell.model.name}/{cell.target.name}/{cell.beside or cell.variant}"


def _counted(part: str) -> tuple[int, int]:
    match = COUNTED.fullmatch(part)
    if match is None:
        raise ConfigurationError(f"--shard {part!r}: write i/n, such as 2/7, or target=NAME")
    index, count = int(match[1]), int(match[2])
    if index > count:
        raise ConfigurationError(f"--shard {part!r}: there is no part {index} of {count}; the first is 1/{count}")
    return index, count


def _of_target(name: str, planned: Sequence[PlannedCell]) -> list[PlannedCell]:
    known = sorted({cell.target.name for cell in planned})
    if name not in known:
        raise ConfigurationError(f"--shard target={name}: the plan has no such target; {nearest(name, known)}")
    return [cell for cell in planned if cell.target.name == name]
