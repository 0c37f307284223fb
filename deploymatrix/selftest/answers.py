"""Mutants of answers: what a runtime left, changed as a faulty wrapper or converter would."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from deploymatrix.numerics.tensors import Array

Outputs = dict[str, list[Array]]  # by declared name, an array for each sample
Change = Callable[[Outputs, str], Outputs | None]  # of one output; only what changed comes back, None where nothing can


def answer_mutants(kind: str, outputs: Outputs) -> Iterator[tuple[str, Outputs]]:
    """Yield what the kind makes of the answers: what was changed, and the changed outputs alone."""
    for name in outputs:
        changed = CHANGES[kind](outputs, name)
        if changed is not None:
            yield name, changed


def _swapped(outputs: Outputs, name: str) -> Outputs | None:
    names = list(outputs)
    for other in names[names.index(name) + 1 :]:
        if outputs[other][0].shape == outputs[name][0].shape and outputs[other][0].dtype == outputs[name][0].dtype:
            return {name: outputs[other], other: outputs[name]}
    return None


def _transposed(outputs: Outputs, name: str) -> Outputs | None:
    shape = outputs[name][0].shape
    pairs = [(a, b) for a in range(len(shape)) for b in range(a) if shape[a] == shape[b] > 1]
    return {name: [np.ascontiguousarray(array.swapaxes(*pairs[0])) for array in outputs[name]]} if pairs else None


def _rolled(outputs: Outputs, name: str) -> Outputs | None:
    return _each(outputs, name, lambda array: np.roll(array, 1, axis=-1) if array.ndim else array)


def _of_another_sample(outputs: Outputs, name: str) -> Outputs:
    """Swap the first sample's answer and the last one of the same shape."""
    arrays = list(outputs[name])
    last = max(index for index, array in enumerate(arrays) if array.shape == arrays[0].shape)
    arrays[0], arrays[last] = arrays[last], arrays[0]
    return {name: arrays}


def _batch_copied(outputs: Outputs, name: str) -> Outputs | None:
    shape = outputs[name][0].shape
    if len(shape) < 2 or shape[0] < 2:
        return None
    return _each(outputs, name, lambda array: np.repeat(array[:1], len(array), axis=0))


def _last_zeroed(outputs: Outputs, name: str) -> Outputs | None:
    return _each(outputs, name, lambda array: _put(array, -1, 0))


def _nan(outputs: Outputs, name: str) -> Outputs | None:
    return _float(outputs, name, lambda array: _put(array, array.size // 2, np.nan))


def _infinite(outputs: Outputs, name: str) -> Outputs | None:
    return _float(outputs, name, lambda array: _put(array, array.size // 2, np.inf))


def _int32(outputs: Outputs, name: str) -> Outputs | None:
    if outputs[name][0].dtype != np.int64:
        return None
    return _each(outputs, name, lambda array: array.astype(np.int32).astype(np.int64))


def _slice_scaled(outputs: Outputs, name: str) -> Outputs | None:
    channel = _smallest_channel(outputs[name])

    def change(array: Array) -> Array:
        array[..., channel] = (array[..., channel].astype(np.float64) * 0.99).astype(array.dtype)
        return array

    return None if channel is None else _float(outputs, name, change)


def _element_scaled(outputs: Outputs, name: str) -> Outputs | None:
    channel = _smallest_channel(outputs[name])

    def change(array: Array) -> Array:
        column = array[..., channel].ravel()
        at = int(np.abs(column).argmax())
        column[at] = np.float64(column[at]) * 1.01
        array[..., channel] = column.reshape(array.shape[:-1])
        return array

    return None if channel is None else _float(outputs, name, change)


def _float16(outputs: Outputs, name: str) -> Outputs | None:
    with np.errstate(over="ignore"):
        return _float(outputs, name, lambda array: array.astype(np.float16).astype(array.dtype))


CHANGES: dict[str, Change] = {
    "outputs-swapped": _swapped,
    "transposed": _transposed,
    "rolled": _rolled,
    "other-sample": _of_another_sample,
    "batch-copied": _batch_copied,
    "last-zeroed": _last_zeroed,
    "nan-element": _nan,
    "infinite-element": _infinite,
    "int32-answer": _int32,
    "slice-0.99": _slice_scaled,
    "element-1.01": _element_scaled,
    "float16-answer": _float16,
}


def _smallest_channel(arrays: list[Array]) -> int | None:
    """Return the index along the last axis whose values are smallest, but not all zero; None for a single value."""
    if not arrays[0].ndim or arrays[0].dtype.kind != "f":
        return None
    sizes = np.max([np.abs(array.reshape(-1, array.shape[-1])).max(axis=0) for array in arrays], axis=0)
    return int(np.where(sizes > 0, sizes, np.inf).argmin())


def _float(outputs: Outputs, name: str, change: Callable[[Array], Array]) -> Outputs | None:
    return _each(outputs, name, change) if outputs[name][0].dtype.kind == "f" else None


def _each(outputs: Outputs, name: str, change: Callable[[Array], Array]) -> Outputs | None:
    """Return the output changed in every sample; None where that changes nothing."""
    changed = [change(array.copy()) for array in outputs[name]]
    same = all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(changed, outputs[name], strict=True))
    return None if same else {name: changed}


def _put(array: Array, at: int, value: float) -> Array:
    array.reshape(-1)[at] = value
    return array
