"""A mutant's answers judged as a cell's are, and its distance from the original. All of the comparison is used here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.selftest.records import Fate

LARGEST = 1e9  # of a figure in a report


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The comparison's outcome; the draws that alone would have noticed; the largest share of the limit."""

    outcome: str
    detail: str
    draws: tuple[int, ...]
    share: float | None


def judge(answers: Answers, limit: float) -> Judgement:
    """Compare answers as the matrix does."""
    comparison = compare(answers, limit)
    shares = [output.headroom for output in comparison.outputs if output.headroom is not None]
    return Judgement(
        outcome=comparison.outcome,
        detail=comparison.detail[:300],
        draws=_draws(comparison),
        share=min(max(shares), LARGEST) if shares else None,
    )


def distance(answers: Answers, limit: float) -> float | None:
    """Return how far answers are from the reference, as a multiple of eager float32's own error; the largest of any.

    None where they cannot be measured: other shapes, or not finite.
    """
    found = [_multiple(compare(replace(answers, declared=(output,)), limit)) for output in answers.declared]
    return None if None in found else max((m for m in found if m is not None), default=None)


def fate_of(outcome: str, *distances: float | None) -> Fate:
    """Say what became of a mutant: one that no float32 could tell from its original need not be noticed."""
    if outcome != "passed":
        return "killed"
    return "equivalent" if all(d is not None and d <= 1 for d in distances) else "survived"


def _multiple(comparison: Comparison) -> float | None:
    figures = comparison.outputs[0] if comparison.outputs else None
    if figures is None or figures.error is None:
        return None
    if figures.error == 0:
        return 0.0
    return min(figures.error / figures.eager_error, LARGEST) if figures.eager_error else LARGEST


def _draws(comparison: Comparison) -> tuple[int, ...]:
    killing = {
        index
        for output in comparison.outputs
        for index, error in enumerate(output.sample_errors)
        if error is not None and error > output.limit
    }
    return tuple(sorted(killing))


def written(folder: Path, samples: int) -> bool:
    """Tell whether there are answers to every sample."""
    return all((folder / str(index)).is_dir() for index in range(samples))
