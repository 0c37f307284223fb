"""What an artifact that somebody else made tells of its inputs and outputs, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploymatrix.numerics.shapes import Shape
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.targets import Target

Sample = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An input or output as the artifact itself describes it; None for what its format does not tell.

    A size is a number, the name of a free axis, or None for one without a name.
    """

    dtype: str | None = None
    shape: Shape | None = None

    def __str__(self) -> str:
        sizes = "[…]" if self.shape is None else f"[{', '.join('?' if n is None else str(n) for n in self.shape)}]"
        return f"{self.dtype or '?'}{sizes}"

    def completed_by(self, other: Slot) -> Slot:
        """Return this slot with a dtype or size that it leaves open taken from `other`, if that one has it."""
        if self.shape is None or other.shape is None or len(self.shape) != len(other.shape):
            shape = other.shape if self.shape is None else self.shape
        else:
            pairs = zip(self.shape, other.shape, strict=True)
            shape = tuple(b if a is None or (isinstance(a, str) and isinstance(b, int)) else a for a, b in pairs)
        return Slot(dtype=self.dtype or other.dtype, shape=shape)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A table of the artifact whose rows, 0 up to but not including `rows`, an input's integers choose."""

    input: str
    table: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class InspectedArtifact:
    """An artifact in the store, with the target that runs it. Inputs and outputs are None where it tells nothing.

    `lookups` are None where nobody can read its graph; `unread` then says what stopped the reader, if there is one.
    """

    path: Path
    target: Target
    payload: Path
    inputs: dict[str, Slot] | None
    outputs: dict[str, Slot] | None
    versions: dict[str, str]
    lookups: tuple[Lookup, ...] | None = None
    unread: str | None = None
    signature: str | None = None  # of several that it holds, the one that is run

    @property
    def dtypes(self) -> list[str | None]:
        """The dtypes of its inputs and outputs."""
        return [slot.dtype for slot in [*(self.inputs or {}).values(), *(self.outputs or {}).values()]]

    def outputs_under(self, names: Mapping[str, str]) -> dict[str, Slot]:
        """Return its output slots under other names; `names` gives for its own name the other one."""
        return {names.get(own, own): slot for own, slot in (self.outputs or {}).items()}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an artifact answered: a dict of outputs for each sample; requested names that it lacks; names beyond those.

    All names are the artifact's own, unless `under` has translated them.
    """

    outputs: tuple[dict[str, Array], ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def under(self, names: Mapping[str, str]) -> Answer:
        """Return the answer under other names; names that nobody requested stay the artifact's."""
        outputs = tuple({names[own]: array for own, array in sample.items()} for sample in self.outputs)
        return Answer(outputs=outputs, missing=tuple(names[own] for own in self.missing), extra=self.extra)


def read_slots(description: Mapping[str, Any] | None) -> dict[str, Slot] | None:
    """Return the slots that a worker's reply to `describe` lists for one side; None where it lists none."""
    if description is None:
        return None
    return {
        name: Slot(dtype=slot["dtype"], shape=None if slot["shape"] is None else tuple(slot["shape"]))
        for name, slot in description.items()
    }


def read_lookups(entries: Sequence[Mapping[str, Any]] | None) -> tuple[Lookup, ...] | None:
    """Return the lookups that a worker's reply to `describe` lists, each once; None where nobody could read them."""
    if entries is None:
        return None
    return tuple(dict.fromkeys(Lookup(input=e["input"], table=e["table"], rows=e["rows"]) for e in entries))
