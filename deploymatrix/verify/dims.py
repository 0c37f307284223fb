"""Free axes of artifacts: which of them must have one size, and the sizes in which they are drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.shapes import Binding, Shape, Size
from deploymatrix.project.nearest import nearest
from deploymatrix.verify.artifacts import Slot

# Where nobody tells them: small, two that differ, and above the kernels of common networks.
BATCH, SEQUENCE, IMAGE = (1, 3), (7, 32), (64, 96)
MOST_CORNERS = 8
LARGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Dim:
    """A free axis, the sizes in which it is drawn, and who tells them; None where nobody does: they are usual ones."""

    name: str
    sizes: tuple[int, ...]
    known_by: str | None


def read_dims(options: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Read `NAME=SIZE,SIZE` options. Raise ConfigurationError for another form or a repeated name."""
    dims: dict[str, tuple[int, ...]] = {}
    for option in options:
        name, _, text = option.rpartition("=")
        sizes = [int(size) if size.isdecimal() and size.isascii() and len(size) < 9 else 0 for size in text.split(",")]
        if not name or not all(0 < size <= LARGEST for size in sizes):
            raise ConfigurationError(f"--dim {option}: write NAME=SIZE or NAME=SIZE,SIZE, as in batch=1,3")
        if name in dims:
            raise ConfigurationError(f"--dim {option}: an earlier --dim is for {name} too")
        dims[name] = tuple(dict.fromkeys(sizes))
    return dims


def named(slots: Mapping[str, Slot], given: Collection[str]) -> dict[str, Slot]:
    """Return the slots with a name for each free axis: the artifact's own, or else one by its place.

    Axes of one place count as one dim, `batch` for the first and then `axis1` and so on: ids and mask of a transformer
    have one length. `given` may hold "ids.1", which names one input's axis apart.
    """

    def name(slot_name: str, axis: int, size: Size) -> Size:
        if isinstance(size, int):
            return size
        apart = f"{slot_name}.{axis}"
        return apart if apart in given else size or ("batch" if axis == 0 else f"axis{axis}")

    return {
        slot_name: Slot(
            dtype=slot.dtype,
            shape=None if slot.shape is None else tuple(name(slot_name, i, size) for i, size in enumerate(slot.shape)),
        )
        for slot_name, slot in slots.items()
    }


def joined(first: Mapping[str, Slot], second: Mapping[str, Slot], given: Collection[str]) -> dict[str, Slot]:
    """Return the slots of both, whose axes are named: an axis that one artifact fixes is fixed, by its name everywhere.

    Of two names of one axis the first artifact's counts, unless --dim gives the second's.
    """
    meaning: dict[str, Size] = {}

    def root(size: Size) -> Size:
        while isinstance(size, str) and size in meaning:
            size = meaning[size]
        return size

    for name, slot in first.items():
        for one, two in _axes(slot, second.get(name)):
            own, other = root(one), root(two)
            if isinstance(own, str) and (not isinstance(other, str) or (other in given and own not in given)):
                own, other = other, own
            if isinstance(other, str) and own != other:
                meaning[other] = own
    return {
        name: Slot(dtype=slot.dtype, shape=None if slot.shape is None else tuple(map(root, slot.shape)))
        for name, slot in _completed(first, second).items()
    }


def free_dims(slots: Mapping[str, Slot], given: Mapping[str, tuple[int, ...]]) -> list[Dim]:
    """Return the dims of the slots. Raise ConfigurationError for a --dim that none of them has."""
    places: dict[str, list[tuple[int, int]]] = {}
    for slot in slots.values():
        for axis, size in enumerate(slot.shape or ()):
            if isinstance(size, str):
                places.setdefault(size, []).append((axis, len(slot.shape or ())))
    for name in given:
        if name not in places:
            known = f"{nearest(name, list(places))}" if places else "no input has a free axis"
            raise ConfigurationError(f"--dim {name}=…: no input has this free axis; {known}")
    return [
        Dim(name=name, sizes=given.get(name) or _usual(found), known_by=f"--dim {name}" if name in given else None)
        for name, found in places.items()
    ]


def corners(dims: Sequence[Dim]) -> list[Binding]:
    """Return bindings that cover the sizes: all combinations, or where these are many, each size once, and the ends."""
    names, sizes = [dim.name for dim in dims], [dim.sizes for dim in dims]
    count = 1
    for some in sizes:
        count *= len(some)
    if count <= MOST_CORNERS:
        return [dict(zip(names, chosen, strict=True)) for chosen in product(*sizes)]
    longest = max(map(len, sizes))
    turns = [tuple(some[turn % len(some)] for some in sizes) for turn in range(longest)]
    ends = [tuple(pick(some) for some in sizes) for pick in (min, max)]
    mixed = [tuple(some[(turn + place) % len(some)] for place, some in enumerate(sizes)) for turn in range(longest)]
    return [dict(zip(names, chosen, strict=True)) for chosen in dict.fromkeys([*ends, *turns, *mixed])]


def taken(dims: Iterable[Dim], bindings: Sequence[Binding]) -> list[Dim]:
    """Return the dims with those sizes alone that samples have: there may be fewer samples than corners."""
    return [replace(dim, sizes=tuple(dict.fromkeys(binding[dim.name] for binding in bindings))) for dim in dims]


def bound(shape: Shape, binding: Binding) -> tuple[int, ...]:
    """Return the shape in numbers."""
    return tuple(binding[size] if isinstance(size, str) else size or 1 for size in shape)


def _usual(places: list[tuple[int, int]]) -> tuple[int, ...]:
    if all(axis == 0 for axis, _ in places):
        return BATCH
    return IMAGE if all(rank >= 4 for _, rank in places) else SEQUENCE


def _axes(slot: Slot, other: Slot | None) -> Iterable[tuple[Size, Size]]:
    """Pair the sizes of one tensor in both artifacts; none where one does not tell them, or another number."""
    if other is None or slot.shape is None or other.shape is None or len(slot.shape) != len(other.shape):
        return ()
    return zip(slot.shape, other.shape, strict=True)


def _completed(first: Mapping[str, Slot], second: Mapping[str, Slot]) -> dict[str, Slot]:
    return {name: first.get(name, Slot()).completed_by(second.get(name, Slot())) for name in {**first, **second}}
