"""What is known of the inputs of a comparison: from which ranges they come, and what of each lookup they touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from deploymatrix.matrix.frozen import Frozen
from deploymatrix.numerics.tensors import Array
from deploymatrix.verify.artifacts import InspectedArtifact, Lookup, Sample
from deploymatrix.verify.dims import Dim
from deploymatrix.verify.ranges import Draw, Range, Values

Knowledge = Literal["given", "known", "blind"]


class InputRecord(Frozen):
    """One input. `low` and `high` (excluded): the range that it is drawn from, or may have; None: there is none.

    `known_by`: who tells the range; None where nobody does. `distinct`: how many different integers all samples hold.
    `shape`: a size that varies is a dim's name, or of given inputs "1..3". `lost_by`: the artifact that lacks the
    input, while the other one's answers were seen not to depend on it.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    values: Values | Literal["given"]
    low: float | None
    high: float | None
    known_by: str | None
    smallest: float | None
    largest: float | None
    distinct: int | None
    lost_by: str | None = None


class DimRecord(Frozen):
    """A free axis: the sizes in which it was drawn; `known_by`: None where they are merely usual ones."""

    name: str
    sizes: tuple[int, ...]
    known_by: str | None


class LookupRecord(Frozen):
    """A table in an artifact, and how many of its rows an input's integers choose in all samples together."""

    artifact: str
    input: str
    table: str
    rows: int
    touched: int


class InputsRecord(Frozen):
    """All inputs. knowledge: `given` by the user; `known`: drawn, and each range of integers is told; or `blind`."""

    knowledge: Knowledge
    samples: int
    inputs: tuple[InputRecord, ...]
    lookups: tuple[LookupRecord, ...]
    unread: tuple[str, ...] = ()
    dims: tuple[DimRecord, ...] = ()

    @property
    def blind(self) -> list[InputRecord]:
        return [entry for entry in self.inputs if entry.values != "given" and entry.known_by is None]


def given_inputs(
    samples: Sequence[Sample], ranges: Mapping[str, Range], lookups: Iterable[tuple[str, Lookup]], unread: Sequence[str]
) -> InputsRecord:
    """Record inputs that the user gives; a range is one that the user says they may have."""
    records = []
    for name in samples[0]:
        allowed = ranges.get(name)
        known_by = None if allowed is None else f"--range {name}"
        records.append(_record(name, [sample[name] for sample in samples], "given", allowed, known_by))
    return _inputs("given", samples, records, lookups, unread)


def without(record: InputsRecord, lost: Mapping[str, Path]) -> InputsRecord:
    """Return the record with the artifact, for some inputs, that lacks them."""
    entries = [
        entry.model_copy(update={"lost_by": str(lost[entry.name])}) if entry.name in lost else entry
        for entry in record.inputs
    ]
    return record.model_copy(update={"inputs": tuple(entries)})


def drawn_inputs(
    samples: Sequence[Sample],
    draws: Mapping[str, Draw],
    lookups: Iterable[tuple[str, Lookup]],
    unread: Sequence[str],
    dims: Iterable[Dim] = (),
) -> InputsRecord:
    """Record inputs that were drawn."""
    records = [
        _record(name, [sample[name] for sample in samples], draw.values, draw.range, draw.known_by)
        for name, draw in draws.items()
    ]
    knowledge: Knowledge = "blind" if any(draw.known_by is None for draw in draws.values()) else "known"
    free = {name: draw.shape for name, draw in draws.items() if any(isinstance(size, str) for size in draw.shape)}
    records = [entry.model_copy(update={"shape": free.get(entry.name, entry.shape)}) for entry in records]
    told = tuple(DimRecord(name=dim.name, sizes=dim.sizes, known_by=dim.known_by) for dim in dims)
    return _inputs(knowledge, samples, records, lookups, unread).model_copy(update={"dims": told})


def lookups_of(artifact: InspectedArtifact, names: Mapping[str, str]) -> list[tuple[str, Lookup]]:
    """Return the artifact's lookups with its path, by other names; `names` gives for its own name the other one."""
    return [
        (str(artifact.path), Lookup(input=names[lookup.input], table=lookup.table, rows=lookup.rows))
        for lookup in artifact.lookups or ()
        if lookup.input in names
    ]


def unread_in(artifacts: Iterable[InspectedArtifact]) -> list[str]:
    """Return for each artifact whose graph could not be followed what stopped the reader."""
    return [*dict.fromkeys(f"{artifact.path}: {artifact.unread}" for artifact in artifacts if artifact.unread)]


def _inputs(
    knowledge: Knowledge,
    samples: Sequence[Sample],
    records: list[InputRecord],
    lookups: Iterable[tuple[str, Lookup]],
    unread: Sequence[str],
) -> InputsRecord:
    touched = [_touched(path, lookup, samples) for path, lookup in dict.fromkeys(lookups)]
    return InputsRecord(
        knowledge=knowledge, samples=len(samples), inputs=tuple(records), lookups=tuple(touched), unread=tuple(unread)
    )


def _touched(artifact: str, lookup: Lookup, samples: Sequence[Sample]) -> LookupRecord:
    """Count rows; a negative number counts from the end."""
    chosen = np.unique(np.concatenate([sample[lookup.input].ravel() for sample in samples]).astype(np.int64))
    rows = np.where(chosen < 0, chosen + lookup.rows, chosen)
    touched = int(np.unique(rows[(rows >= 0) & (rows < lookup.rows)]).size)
    return LookupRecord(artifact=artifact, input=lookup.input, table=lookup.table, rows=lookup.rows, touched=touched)


def _record(
    name: str, arrays: list[Array], values: Values | Literal["given"], allowed: Range | None, known_by: str | None
) -> InputRecord:
    together = np.concatenate([array.ravel() for array in arrays])
    finite = together[np.isfinite(together)]
    return InputRecord(
        name=name,
        dtype=arrays[0].dtype.name,
        shape=_sizes(arrays),
        values=values,
        low=None if allowed is None else allowed.low,
        high=None if allowed is None else allowed.high,
        known_by=known_by,
        smallest=float(finite.min()) if finite.size else None,
        largest=float(finite.max()) if finite.size else None,
        distinct=int(np.unique(together).size) if together.dtype.kind in "iu" or values == "integers" else None,
    )


def _sizes(arrays: list[Array]) -> tuple[int | str, ...]:
    together = zip(*(array.shape for array in arrays), strict=True)
    return tuple(min(one) if min(one) == max(one) else f"{min(one)}..{max(one)}" for one in together)
