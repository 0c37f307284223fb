"""What the errors of one floating-point output come to: its figures, and why it does not pass."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from .figures import OutputFigures, StepFigures, WorstSlice, similarity
from .limits import Limits, Norm
from .outliers import Floats, expected_values, far_out
from .slices import Part, Stack, along_axes, far_values, whole
from .tensors import Array, Declared, has_steps

LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz"
MOST_HEAT = 64  # stretches of an axis in the record


def stacked(actual: list[Array], reference: list[Array], eager: list[list[Array]], norm: Norm = "max") -> Stack:
    """Put all samples of an output together. `eager`: for each further order of summation the answers, too.

    Samples of several sizes have NaN around them, which is no ordinary value.
    """
    expected = padded([expected_values(*pair) for pair in zip(reference, eager[0], strict=True)])
    far = far_out(expected)
    return Stack(
        actual=padded(actual),
        expected=expected,
        eager=tuple(padded(answers) for answers in eager),
        far=far,
        ordinary=np.isfinite(expected) & ~far,
        norm=norm,
    )


def judged(output: Declared, stack: Stack, limits: Limits) -> tuple[OutputFigures, str | None]:
    """Return the figures of an output, and why nobody can be judged by its reference, if so."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _judged(output, stack, limits)


def _judged(output: Declared, stack: Stack, limits: Limits) -> tuple[OutputFigures, str | None]:
    all_of_it, slices = whole(stack, limits), list(along_axes(stack, limits))
    far = far_values(stack, limits)
    worst = _worst([all_of_it, *slices, *([far] if far else [])], slices)
    errors = _finite(all_of_it.error / all_of_it.scale)[:, 0]
    error, eager = float(errors.max()), _capped(stack.eager_error)
    among = ... if stack.ordinary.all() else stack.ordinary
    cosine, snr = similarity([(stack.actual[among], stack.expected[among])])
    unjudged = limits.problem(eager)
    figures = OutputFigures(
        name=output.name,
        dtype=output.dtype,
        shape=output.shape,
        max_abs=float(_finite(all_of_it.error).max()),
        error=error,
        limit=limits.of(eager),
        headroom=worst.share,
        eager_error=eager,
        cosine=cosine,
        snr_db=snr,
        sample_errors=tuple(float(error) for error in errors),
        worst=worst,
        problem=unjudged or (None if worst.share <= 1 else _problem(error, limits.of(eager), worst, stack.norm)),
        norm=stack.norm,
        steps=_steps(slices[0]) if has_steps(output) else None,
    )
    return figures, unjudged


def eager_error(stack: Stack) -> float:
    """Return eager float32's own error against the reference, of the output as a whole."""
    return _capped(stack.eager_error)


def _steps(part: Part) -> StepFigures:
    """Return the figures of the slices along the first axis, each of the sample with the largest share of its limit."""
    at = part.share.argmax(axis=0), np.arange(part.share.shape[1])
    unit = np.where(part.scale[at] > 0, part.scale[at], 1.0)
    errors, limits, noise = (
        tuple(float(v) for v in _finite(values[at] / unit)) for values in (part.error, part.allowed, part.noise)
    )
    return StepFigures(errors=errors, limits=limits, noise=noise)


def _problem(error: float, limit: float, worst: WorstSlice, norm: Norm) -> str:
    where = f"axis {worst.axis}, slice {worst.index}"
    if norm == "rms" and not worst.far:
        ratio, least = decibel(worst.error), decibel(worst.limit)
        part = f"sample {worst.sample}" + ("" if worst.axis is None else f", {where}")
        return f"{part}: the signal-to-noise ratio {ratio:.3g} dB is under the limit {least:.3g} dB"
    if worst.far:
        return f"values far out of its range: error {worst.error:.3g} is over their limit {worst.limit:.3g}"
    if error <= limit:
        return f"{where}: error {worst.error:.3g} is over its limit {worst.limit:.3g}"
    return f"error {error:.3g} is over the limit {limit:.3g}" + ("" if worst.axis is None else f", worst in {where}")


def decibel(noise: float) -> float:
    """Return the signal-to-noise ratio of noise that is relative to the signal."""
    return -20 * math.log10(noise) if noise > 0 else math.inf


def _worst(parts: list[Part], slices: list[Part]) -> WorstSlice:
    """Return the worst slice of all parts; of equals the first."""
    part = max(parts, key=lambda part: float(part.share.max()))
    share = part.share
    sample, index = (int(i) for i in np.unravel_index(int(share.argmax()), share.shape))
    unit = part.scale[sample, index] if part.scale[sample, index] > 0 else 1.0
    heated = max(slices, key=lambda part: float(part.share.max()), default=None)
    return WorstSlice(
        axis=part.axis,
        index=None if part.axis is None else index,
        far=part.far,
        sample=sample,
        error=_capped(part.error[sample, index] / unit),
        limit=_capped(part.allowed[sample, index] / unit),
        noise=_capped(part.noise[sample, index] / unit),
        share=float(share[sample, index]),
        position=_position(part, sample, index),
        heat_axis=heated.axis if heated else None,
        heat=_heat(heated) if heated else "",
    )


def _position(part: Part, sample: int, index: int) -> tuple[int, ...]:
    """Return the index of the largest error in a slice; of equals the first."""
    elements = part.elements[sample]
    if not elements.size:
        return ()
    if part.axis is None:
        return tuple(int(i) for i in np.unravel_index(int(elements.argmax()), elements.shape))
    kept = elements.take([index], axis=part.axis)
    inside = [int(i) for i in np.unravel_index(int(kept.argmax()), kept.shape)]
    inside[part.axis] = index
    return tuple(inside)


def _heat(part: Part) -> str:
    """Return the largest share in each of at most 64 stretches of equal length; the last may be shorter."""
    shares = part.share.max(axis=0)
    length = -(-len(shares) // MOST_HEAT)
    return "".join(_level(float(shares[start : start + length].max())) for start in range(0, len(shares), length))


def _level(share: float) -> str:
    """Return a share of a limit as a letter, a quarter of a decade each from 1e-4 on."""
    level = math.floor(4 * (math.log10(share) + 4)) if share > 0 else 0
    return LEVELS[min(max(level, 0), len(LEVELS) - 1)]


def padded(arrays: Sequence[Array]) -> Floats:
    """Return [samples, *shape] in float64, samples of several sizes laid into the largest, with NaN around them."""
    largest = tuple(max(sizes) for sizes in zip(*(array.shape for array in arrays), strict=True))
    if all(array.shape == largest for array in arrays):
        return np.stack([array.astype(np.float64) for array in arrays])
    stack = np.full((len(arrays), *largest), np.nan)
    for inside, array in zip(stack, arrays, strict=True):
        inside[tuple(slice(size) for size in array.shape)] = array
    return stack


def _finite(values: Floats) -> Floats:
    """Bound what overflows by the largest float: JSON has no infinity."""
    return np.minimum(values, sys.float_info.max)


def _capped(value: float) -> float:
    return min(float(value), sys.float_info.max)
