"""Whether a run's answers are stable: the same again from the same session, from another, in another order of samples,
on another number of threads. The worker writes what differs in any bit; here it is judged by how much.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from .compare import Answers, Comparison, compare
from .differences import relative_error
from .limits import Limits
from .tensors import Array, equally_finite, load

# What each folder of <run>/again varied, in the order in which they count: each holds for all that come after it.
# repeat-2, repeat-3, …: further runs of one sample in the first session.
CAUSES = {
    "repeat": "when the same session runs a sample again",
    "load": "after another load",
    "order": "with the order of samples",
    "threads": "with the number of threads",
    "together": "in another session, with order and threads changed",
}

BEFORE = frozenset({"io_mismatch", "reference_failed"})  # where they hold, there is no limit to judge by
FARTHEST = sys.float_info.max  # JSON has no infinity
DIFFERS = "differs by"

Difference = tuple[str, int, float, str]  # output, sample, how far, and the same in words


def judge(answers: Answers, limits: Limits) -> Comparison:
    """Compare with the reference, and the run's answers with each other, which may differ by an output's whole limit.

    An answer that is not stable is neither right nor wrong: `unstable` goes before `nonfinite` and `mismatch`.
    """
    comparison = compare(answers, limits)
    if comparison.outcome in BEFORE:
        return comparison
    found = {folder: list(_differences(folder, answers)) for folder in _checks(answers.actual / "again")}
    problem = _instability(found, {output.name: output.limit for output in comparison.outputs})
    judged = replace(comparison, drift=_drift(found))
    return judged if problem is None else replace(judged, outcome="unstable", detail=problem)


def _instability(found: dict[Path, list[Difference]], limits: dict[str, float]) -> str | None:
    """Return what changed an output by more than its limit, and how far; None if nothing did."""
    for folder in sorted(found, key=_rank):
        over = [difference for difference in found[folder] if difference[2] > limits[difference[0]]]
        if over:
            output, sample, _, words = max(over, key=lambda difference: difference[2])
            limit = f" (limit {limits[output]:.3g})" if words.startswith(DIFFERS) else ""
            return f"answers change {CAUSES[_cause(folder)]}: output {output} of sample {sample} {words}{limit}"
    return None


def _drift(found: dict[Path, list[Difference]]) -> dict[str, float]:
    """Return the largest difference of each output over all checks."""
    largest: dict[str, float] = {}
    for output, _, size, _ in chain.from_iterable(found.values()):
        largest[output] = max(size, largest.get(output, 0.0))
    return dict(sorted(largest.items()))


def _checks(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _cause(path) in CAUSES) if folder.is_dir() else iter(())


def _rank(folder: Path) -> tuple[int, str]:
    return list(CAUSES).index(_cause(folder)), folder.name


def _cause(folder: Path) -> str:
    return folder.name.split("-")[0]


def _differences(folder: Path, answers: Answers) -> Iterator[Difference]:
    """Yield each answer that differs, in the order of outputs, then samples."""
    for output in answers.declared:
        for sample in range(answers.samples):
            path = folder / str(sample) / f"{output.name}.npy"
            if path.is_file():
                first = load(answers.actual / str(sample) / f"{output.name}.npy")
                yield (output.name, sample, *_difference(first, load(path)))


def _difference(first: Array, other: Array) -> tuple[float, str]:
    """Return how far two answers are apart, and in words; what has no size counts as the largest float."""
    if (first.shape, first.dtype) != (other.shape, other.dtype):
        return FARTHEST, f"is {first.dtype}{list(first.shape)} at first, then {other.dtype}{list(other.shape)}"
    if not equally_finite(first, other):
        return FARTHEST, "is NaN or infinite elsewhere"
    _, error = relative_error(other, first)
    return error, f"{DIFFERS} {error:.3g}"
