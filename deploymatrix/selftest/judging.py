"""A mutant's answers judged as a cell's are, and its distance from the original. All of the comparison is used here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.numerics.judging import stacked
from deploymatrix.numerics.limits import Limits
from deploymatrix.numerics.slices import along_axes, far_values, whole
from deploymatrix.numerics.tensors import Array, Declared, is_exact, load
from deploymatrix.selftest.records import Fate

LARGEST = 1e9  # of a figure in a report
HALF_A_UNIT = 2.0**-24  # what rounding to float32 does to a value


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The comparison's outcome; the draws that alone would have noticed; the largest share of a limit."""

    outcome: str
    detail: str
    draws: tuple[int, ...]
    share: float | None


def judge(answers: Answers, limits: Limits) -> Judgement:
    """Compare answers as the matrix does."""
    comparison = compare(answers, limits)
    return Judgement(
        outcome=comparison.outcome,
        detail=comparison.detail[:300],
        draws=_draws(answers, comparison, limits) if comparison.outcome == "mismatch" else (),
        share=_share(comparison),
    )


def distance(answers: Answers, limits: Limits) -> float | None:
    """Return how far answers are from the reference, in multiples of eager float32's own error; of the worst slice.

    At most 1: no float32 could tell them apart. None where they cannot be measured: other shapes, or not finite.
    """
    once = Limits(multiple=1.0, floor=HALF_A_UNIT, ceiling=limits.ceiling / max(limits.multiple, 1.0))
    comparison = compare(answers, once)
    if comparison.outcome in ("io_mismatch", "nonfinite"):
        return None
    if any(is_exact(output.dtype) and output.error for output in comparison.outputs):
        return LARGEST
    return _share(comparison) or 0.0


def fate_of(outcome: str, *distances: float | None) -> Fate:
    """Say what became of a mutant: one that no float32 could tell from its original need not be noticed."""
    if outcome != "passed":
        return "killed"
    return "equivalent" if all(d is not None and d <= 1 for d in distances) else "survived"


def _share(comparison: Comparison) -> float | None:
    shares = [output.headroom for output in comparison.outputs if output.headroom is not None]
    seconds = [output.fidelity for output in comparison.outputs if output.fidelity is not None]
    shares += [second.error / second.limit for second in seconds]
    return min(max(shares), LARGEST) if shares else None


def _draws(answers: Answers, comparison: Comparison, limits: Limits) -> tuple[int, ...]:
    killing: set[int] = set()
    for output, figures in zip(answers.declared, comparison.outputs, strict=True):
        if figures.headroom is not None:
            killing |= _over(output, answers, limits)
        else:
            killing |= {index for index, error in enumerate(figures.sample_errors) if error}
    return tuple(sorted(killing))


def _over(output: Declared, answers: Answers, limits: Limits) -> set[int]:
    """Return the samples with a slice over its limit."""
    words = ["float32", *(f"float32.{order}" for order in answers.orders)]
    eager = [answers.of_reference(output.name, word) for word in words]
    reference = answers.of_reference(output.name, "float64")
    with np.errstate(over="ignore", invalid="ignore"):
        stack = stacked(_read(answers, output.name), reference, eager)
        far = far_values(stack, limits)
        parts = [whole(stack, limits), *along_axes(stack, limits), *([far] if far else [])]
        return {int(index) for part in parts for index in np.flatnonzero(part.share.max(axis=1) > 1)}


def _read(answers: Answers, name: str) -> list[Array]:
    return [load(answers.actual / str(index) / f"{name}.npy") for index in range(answers.samples)]
