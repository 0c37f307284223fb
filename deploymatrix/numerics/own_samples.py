"""Samples that a user gives, and the outputs expected of them, held against what model.toml declares.

A file holds one sample, or several along a leading axis: its arrays' shapes say which. Where these name dims, each
sample binds them by its sizes. All that is wrong raises WrongSample, whose message names the array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .ragged import fits, is_ragged, with_any_rows
from .shapes import Binding, FreeDim, ShapeError, listed, partly_bound, unify
from .shapes import fits as has_sizes
from .tensors import Array, Declared, is_exact

Arrays = Mapping[str, Array]


class WrongSample(ValueError):
    """An array that is not what model.toml declares, in words that say what to change."""


def split_inputs(arrays: Arrays, inputs: Sequence[Declared]) -> list[dict[str, Array]]:
    """Return the samples that a file holds: every declared input, exact in dtype, of the declared shape, finite."""
    _require_names(arrays, inputs, "input", all_of_them=True)
    for declared in inputs:
        array = arrays[declared.name]
        if array.dtype != np.dtype(declared.dtype):
            raise WrongSample(f"{declared.name}: {array.dtype}, where model.toml declares {declared.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise WrongSample(f"{declared.name}: holds NaN or an infinity; a sample must be finite")
    return _split(arrays, inputs)


def split_outputs(arrays: Arrays, outputs: Sequence[Declared]) -> list[dict[str, Array]]:
    """Return the expected outputs that a file holds, for each of its samples: declared ones, which may be some alone.

    A floating output may also be given as float64. Infinities are allowed, as in masks; NaN is not.
    """
    _require_names(arrays, outputs, "output", all_of_them=False)
    given = [output for output in outputs if output.name in arrays]
    for declared in given:
        array = arrays[declared.name]
        wider = not is_exact(declared.dtype) and array.dtype == np.float64
        if array.dtype != np.dtype(declared.dtype) and not wider:
            raise WrongSample(f"{declared.name}: {array.dtype}, where model.toml declares {declared.dtype}")
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise WrongSample(f"{declared.name}: holds NaN, which no output can be compared with")
    return _split(arrays, given)


def sizes_of(sample: Arrays, inputs: Sequence[Declared], dims: Mapping[str, FreeDim]) -> Binding:
    """Return the sizes that a sample gives the dims of its model: one for each, within what model.toml allows."""
    found: Binding = {}
    for declared in inputs:
        try:
            found = unify(declared.shape, sample[declared.name].shape, found)
        except ShapeError as error:
            raise WrongSample(f"{declared.name}: {error}; a dim has one size in a sample") from None
    for name, size in found.items():
        smallest, largest = min(dims[name].sizes), max(dims[name].sizes)
        if not smallest <= size <= largest:
            where = next(declared for declared in inputs if name in declared.shape)
            raise WrongSample(
                f"{where.name}: {name}={size}, where [dims] declares {smallest} to {largest}; several samples lie "
                f"along an axis of their own: {listed(('n', *where.shape))}"
            )
    return {name: found[name] for name in dims}


def require_sizes(expected: Arrays, outputs: Sequence[Declared], sizes: Binding) -> None:
    """Raise WrongSample for an expected output that has not the sizes of its sample."""
    for declared in outputs:
        if declared.name not in expected:
            continue
        found, wanted = expected[declared.name].shape, partly_bound(with_any_rows(declared), sizes)
        if not has_sizes(wanted, found):
            declared_as = f"{listed(declared.shape)} {listed(wanted)}"
            raise WrongSample(f"{declared.name}: shape {list(found)}, where its sample makes {declared_as}")


def _require_names(arrays: Arrays, declared: Sequence[Declared], kind: str, *, all_of_them: bool) -> None:
    known = [tensor.name for tensor in declared]
    unknown = sorted(set(arrays) - set(known))
    if unknown:
        raise WrongSample(f"{unknown[0]}: model.toml declares no such {kind}; it declares {', '.join(known)}")
    missing = [name for name in known if name not in arrays]
    if missing and all_of_them:
        raise WrongSample(f"{missing[0]}: it is missing; model.toml declares {', '.join(known)}")


def _split(arrays: Arrays, declared: Sequence[Declared]) -> list[dict[str, Array]]:
    """Cut arrays into samples; raise WrongSample where their shapes do not agree on how many there are."""
    counts = {tensor.name: _count(tensor, arrays[tensor.name].shape) for tensor in declared}
    alone = sorted(name for name, count in counts.items() if count is None)
    several = {name: count for name, count in counts.items() if count is not None}
    if not several:
        return [{name: arrays[name] for name in counts}]
    if alone or len(set(several.values())) > 1:
        said = ", ".join(f"{name} {'one sample' if count is None else count}" for name, count in counts.items())
        raise WrongSample(
            f"{(alone or sorted(several))[0]}: the shapes do not agree on how many samples these are ({said}); give "
            "every array the same leading axis, or write one file a sample"
        )
    axes = {tensor.name: len(tensor.shape) for tensor in declared}
    return [
        {name: np.ascontiguousarray(row).reshape(_with_batch(row.shape, axes[name])) for name, row in rows.items()}
        for rows in _rows(arrays, several)
    ]


def _with_batch(shape: tuple[int, ...], axes: int) -> tuple[int, ...]:
    """Return a row's shape, with the batch of 1 where the leading axis stood in its place."""
    return shape if len(shape) == axes else (1, *shape)


def _rows(arrays: Arrays, several: Mapping[str, int]) -> Iterator[dict[str, Array]]:
    for index in range(next(iter(several.values()))):
        yield {name: arrays[name][index] for name in several}


def _count(tensor: Declared, shape: tuple[int, ...]) -> int | None:
    """Return how many samples an array holds along a leading axis; None for one that is a sample itself.

    The leading axis stands before the declared ones, or is a batch that is declared as 1. What is ragged is one sample:
    each has a number of rows of its own.
    """
    name, declared = tensor.name, tensor.shape
    if is_ragged(tensor):
        if fits(shape, tensor) and isinstance(declared[0], int) and shape[0] <= declared[0]:
            return None
        raise WrongSample(
            f"{name}: shape {list(shape)}, where model.toml declares at most {declared[0]} rows of "
            f"{listed(declared[1:])}; it is ragged, so write one file a sample"
        )
    if has_sizes(declared, shape):
        return None
    stacked = has_sizes(declared, shape[1:])
    batched = declared[:1] == (1,) and has_sizes(declared[1:], shape[1:])
    if shape and shape[0] and (stacked or batched):
        return shape[0]
    raise WrongSample(
        f"{name}: shape {list(shape)}, where model.toml declares {listed(declared)}; for n samples in one file, "
        + listed(("n", *declared))
    )
