"""Errors of one output: of the whole, of each slice along each axis, and of the values that stand far out.

A slice is judged against its own scale, so that large values hide no wrong small ones. What it may be off by is a
multiple of the noise of float32 in it, which eager float32 shows:

    scale    the largest |y64| in the slice; where the slice is smaller than in other samples, what it is there, in
             proportion to the samples' own sizes
    noise    scale * max(r, q): r the largest eager error / scale of this slice over all samples and eager answers,
             q the r that 90 % of the slices of the axis do not exceed, at most ceiling / multiple
    allowed  max(multiple * noise, floor * scale, rounding * the sample's largest |y64|)

Where noise is judged and not rounding, sizes are roots of mean squares over all samples: noise of few levels is about
the same in each of them, so one that is small as a whole says nothing. `error` of the whole is each sample's own. A
slice of few values has more noise by chance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .limits import Limits, Norm
from .outliers import Flags, Floats

NINE_TENTHS = (9, 10)  # of the slices have no more relative noise than what is lent to the others


@dataclass(frozen=True, kw_only=True)
class Stack:
    """All samples of one output; each array is [samples, *shape], in float64.

    `far`: the values that stand far out; `ordinary`: the other finite ones. `norm`: of errors, and of what they are
    relative to.
    """

    actual: Floats
    expected: Floats
    eager: tuple[Floats, ...]
    far: Flags
    ordinary: Flags
    norm: Norm = "max"

    @cached_property
    def error(self) -> Floats:
        """Return |actual - expected| of the ordinary values; 0 elsewhere."""
        return _difference(self.actual, self.expected, self.ordinary)

    @cached_property
    def noise(self) -> Floats:
        """Return the same for eager: the largest of its answers."""
        return _largest_of([_difference(answer, self.expected, self.ordinary) for answer in self.eager])

    @cached_property
    def size(self) -> Floats:
        """Return |expected| of the ordinary values; 0 elsewhere."""
        return _only(np.abs(self.expected), self.ordinary)

    @cached_property
    def amplitude(self) -> Floats:
        """Return each sample's largest size, [samples, 1]; 1 for one of zeros, whose errors are not normalised."""
        largest = self.over_samples(self.size)[:, None]
        if self.norm == "rms":
            largest = np.full_like(largest, np.sqrt(np.mean((largest / (largest.max() or 1)) ** 2)) * largest.max())
        return np.where(largest > 0, largest, 1.0)

    @cached_property
    def eager_error(self) -> float:
        """Return eager's error of the whole output."""
        return float((self.over_samples(self.noise)[:, None] / self.amplitude).max())

    def over_samples(self, array: Floats) -> Floats:
        """Return the norm of each sample, [samples]; 0 for samples without any element."""
        return _norm(self.norm, array.reshape(len(array), -1), (1,))

    def luck(self, axis: int) -> float:
        """Return by how much a slice's noise may exceed what it usually comes to: by three of its deviations."""
        values = self.ordinary.size // self.ordinary.shape[axis + 1]
        return 1.0 if self.norm == "max" else 1 + 3 / float(np.sqrt(2 * max(values, 1)))

    def along(self, array: Floats, axis: int) -> Floats:
        """Return the norm of each slice along an axis of the output, [samples, slices]."""
        others = tuple(other for other in range(1, array.ndim) if other != axis + 1)
        if self.norm == "max":
            return _norm("max", array, others)
        return np.repeat(_norm("rms", array, (0, *others))[None], len(array), axis=0)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The whole output, or all slices along one axis, or the values far out; the arrays are [samples, slices].

    `error`, `noise` and `allowed` are in the output's unit. `elements`: the error of each element, [samples, *shape].
    """

    axis: int | None
    far: bool
    elements: Floats
    error: Floats
    scale: Floats
    noise: Floats
    allowed: Floats

    @property
    def share(self) -> Floats:
        """Return error / allowed; the largest float where that overflows."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            share = np.where(self.error > 0, self.error / self.allowed, 0.0)
        return np.minimum(share, sys.float_info.max)


def whole(stack: Stack, limits: Limits) -> Part:
    """Return the output as a whole. Its scale is each sample's largest magnitude."""
    return Part(
        axis=None,
        far=False,
        elements=stack.error,
        error=stack.over_samples(stack.error)[:, None],
        scale=stack.amplitude,
        noise=stack.eager_error * stack.amplitude,
        allowed=limits.of(stack.eager_error) * stack.amplitude,
    )


def along_axes(stack: Stack, limits: Limits) -> Iterator[Part]:
    """Yield the slices along each axis that has more than one."""
    factor = limits.factor(stack.eager_error)
    for axis, length in enumerate(stack.actual.shape[1:]):
        if length < 2:
            continue
        scale = _scale(stack.along(stack.size, axis), stack.amplitude)
        noise = _likely_noise(stack.along(stack.noise, axis), scale, limits)
        least = np.maximum(limits.floor * scale, limits.rounding * stack.amplitude)
        yield Part(
            axis=axis,
            far=False,
            elements=stack.error,
            error=stack.along(stack.error, axis),
            scale=scale,
            noise=noise,
            allowed=np.maximum(limits.multiple * noise, least) * factor * stack.luck(axis),
        )


def far_values(stack: Stack, limits: Limits) -> Part | None:
    """Return the values far out, each relative to itself; None where there are none."""
    if not stack.far.any():
        return None
    size = np.where(stack.far, np.abs(stack.expected), 1.0)
    elements = _difference(stack.actual, stack.expected, stack.far) / size
    noise = _largest_of([_difference(answer, stack.expected, stack.far) / size for answer in stack.eager])
    eager, ones = float(noise.max()), np.ones((len(size), 1))
    return Part(
        axis=None,
        far=True,
        elements=elements,
        error=_norm("max", elements.reshape(len(elements), -1), (1,))[:, None],
        scale=ones,
        noise=eager * ones,
        allowed=limits.of(eager) * ones,
    )


def _scale(size: Floats, amplitude: Floats) -> Floats:
    """Return the scale of each slice of each sample: a slice may be near zero in one of them by cancellation."""
    usual = (size / amplitude).max(axis=0) * amplitude
    scale: Floats = np.maximum(size, np.minimum(usual, size.max(axis=0)))
    return scale


def _likely_noise(noise: Floats, scale: Floats, limits: Limits) -> Floats:
    """Return the noise of each slice; a slice that eager met by luck has as much as most of its axis."""
    unit = np.where(scale > 0, scale, 1.0)
    relative: Floats = (noise / unit).max(axis=0)
    share, of = NINE_TENTHS
    usual = np.sort(relative)[share * (len(relative) - 1) // of]
    most = limits.ceiling / limits.multiple if limits.multiple > 0 else 0.0
    likely: Floats = np.maximum(unit * relative, scale * min(usual, most))
    return likely


def _difference(answer: Floats, expected: Floats, where: Flags) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        difference: Floats = np.abs(answer - expected)
    return _only(difference, where)


def _only(values: Floats, where: Flags) -> Floats:
    """Return the values there, and 0 elsewhere; the values themselves where that is everywhere, which is usual."""
    return values if where.all() else np.where(where, values, 0.0)


def _largest_of(arrays: list[Floats]) -> Floats:
    largest: Floats = np.maximum.reduce(arrays)
    return largest


def _norm(norm: Norm, array: Floats, axes: tuple[int, ...]) -> Floats:
    """Return the norm over these axes of magnitudes, which are not negative; 0 where there is no element."""
    largest: Floats = array.max(axis=axes, initial=0.0)
    if norm == "max" or not array.size:
        return largest
    kept = largest.reshape([1 if axis in axes else size for axis, size in enumerate(array.shape)])
    unit = np.where(kept > 0, kept, 1.0)  # so that no square overflows
    mean: Floats = np.sqrt(np.mean((array / unit) ** 2, axis=axes)) * unit.reshape(largest.shape)
    return mean
