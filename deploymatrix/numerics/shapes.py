"""Shapes with free axes: a size is a number, the name of a dim that each sample binds, or None where nobody says.

This file is all that the engine knows of symbolic shapes. It stands alone and needs nothing but the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

Size = int | str | None
Shape = tuple[Size, ...]
Binding = dict[str, int]  # by dim, its size in one sample


class ShapeError(ValueError):
    """Sizes that a shape does not have, or a dim that would have two sizes at once."""


class FreeDim(Protocol):
    """A dim as it is declared; `sizes` are those that samples have, in ascending order, each once."""

    @property
    def sizes(self) -> Sequence[int]: ...


class Sampled(Protocol):
    """What a model says of its samples: its dims, and how many are drawn in the usual sizes; text where none are."""

    @property
    def samples(self) -> int | str: ...

    @property
    def dims(self) -> Mapping[str, FreeDim]: ...


def bindings(model: Sampled) -> list[Binding]:
    """Return the sizes of the dims in each sample.

    The first `samples` ones have the usual sizes: an artifact that is fixed to these is judged on all of them. Then
    each further size of each dim comes with the usual sizes of the others, then all the smallest together, then all
    the largest.

    Raise ValueError for samples that are not drawn: their files say how many there are.
    """
    if not isinstance(model.samples, int):
        raise ValueError(f"samples lie in {model.samples}: count these")
    home = usual_sizes(model.dims)
    return [dict(home) for _ in range(model.samples)] + corners(model.dims)


def corners(dims: Mapping[str, FreeDim]) -> list[Binding]:
    """Return the sizes besides the usual ones that samples must have; see `bindings`."""
    home = usual_sizes(dims)
    wanted = [{**home, name: size} for name, dim in dims.items() for size in dim.sizes]
    wanted += [{name: pick(dim.sizes) for name, dim in dims.items()} for pick in (min, max)]
    further: list[Binding] = []
    for corner in wanted:
        if corner != home and corner not in further:
            further.append(corner)
    return further


def lacking(samples: Sequence[Binding], dims: Mapping[str, FreeDim], fewest: int) -> list[Binding]:
    """Return the sizes of the samples that these lack: up to `fewest` of the usual sizes, and one for each corner."""
    home = usual_sizes(dims)
    few = fewest - sum(binding == home for binding in samples)
    return [dict(home) for _ in range(few)] + [corner for corner in corners(dims) if corner not in samples]


def usual_sizes(dims: Mapping[str, FreeDim]) -> Binding:
    """Return the sizes that exporters trace with: for each dim the middle one of its sizes above 1.

    Exporters take a size of 1, and two equal sizes, for a property of the model; so neither is taken where there is
    another.
    """
    usual: Binding = {}
    for name, dim in dims.items():
        above = [size for size in dim.sizes if size > 1] or list(dim.sizes)
        differing = [size for size in above if size not in usual.values()] or above
        usual[name] = differing[(len(differing) - 1) // 2]
    return usual


def chosen(samples: Sequence[Binding], static: Mapping[str, int]) -> tuple[int, ...]:
    """Return which samples an artifact can take that is fixed to these sizes: all, where it is fixed to none."""
    return tuple(index for index, binding in enumerate(samples) if agrees(binding, static))


def agrees(binding: Mapping[str, int], static: Mapping[str, int]) -> bool:
    """Tell whether each dim of `static` has that size."""
    return all(binding.get(name) == size for name, size in static.items())


def bound(shape: Iterable[Size], binding: Mapping[str, int]) -> tuple[int, ...]:
    """Return the sizes in a sample. Raise ShapeError for a dim that it does not bind, and for a size nobody says."""
    sizes = partly_bound(shape, binding)
    if not all(isinstance(size, int) for size in sizes):
        raise ShapeError(f"{listed(sizes)} is not bound by {words(binding) or 'nothing'}")
    return tuple(size for size in sizes if isinstance(size, int))


def partly_bound(shape: Iterable[Size], binding: Mapping[str, int]) -> Shape:
    """Return the shape with the sizes of those dims that are bound."""
    return tuple(binding.get(size, size) if isinstance(size, str) else size for size in shape)


def unify(shape: Sequence[Size], sizes: Sequence[int], binding: Mapping[str, int] | None = None) -> Binding:
    """Return the binding with the dims that an array of these sizes binds.

    Raise ShapeError where it has another number of axes, another size than a number says, or a dim a second size.
    """
    known = dict(binding or {})
    if len(shape) != len(sizes):
        raise ShapeError(f"it has {len(sizes)} axes, not the {len(shape)} of {listed(shape)}")
    for axis, (said, size) in enumerate(zip(shape, sizes, strict=True)):
        expected = known.setdefault(said, size) if isinstance(said, str) else said
        if expected is not None and size != expected:
            named = f"{said} = {expected}" if isinstance(said, str) else str(expected)
            raise ShapeError(f"axis {axis} has {size}, not {named}")
    return known


def fits(shape: Sequence[Size], sizes: Sequence[int]) -> bool:
    """Tell whether an array of these sizes has the shape."""
    try:
        unify(shape, sizes)
    except ShapeError:
        return False
    return True


def is_of(said: Sequence[Size], declared: Sequence[Size]) -> bool:
    """Tell whether a shape is the declared one, but for sizes that vary without a name."""
    pairs = zip(said, declared, strict=False)
    return len(said) == len(declared) and all(one == other or one is None for one, other in pairs)


def names(shapes: Iterable[Iterable[Size]]) -> list[str]:
    """Return the dims that occur in the shapes, each once."""
    return list(dict.fromkeys(size for shape in shapes for size in shape if isinstance(size, str)))


def words(binding: Mapping[str, int]) -> str:
    """Return a binding as people read it: batch=1, time=7."""
    return ", ".join(f"{name}={size}" for name, size in binding.items())


def listed(shape: Iterable[Size]) -> str:
    """Return a shape as people read it: [batch, 3, ?]."""
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"
