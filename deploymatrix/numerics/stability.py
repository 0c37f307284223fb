"""Whether a run's answers are stable: the same again from the same session, from another, in another order of samples,
on another number of threads. The worker writes what differs in any bit; here it is judged by how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from .compare import Answers, Comparison, compare
from .figures import relative_error
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


def judge(answers: Answers, limits: Limits) -> Comparison:
    """Compare with the reference, and the run's answers with each other, which may differ by an output's whole limit.

    An answer that is not stable is neither right nor wrong: `unstable` goes before `nonfinite` and `mismatch`.
    """
    comparison = compare(answers, limits)
    allowed = {output.name: output.limit for output in comparison.outputs}
    problem = None if comparison.outcome in BEFORE else instability(answers, allowed)
    return comparison if problem is None else replace(comparison, outcome="unstable", detail=problem)


def instability(answers: Answers, limits: dict[str, float]) -> str | None:
    """Return what changed an output by more than its limit, and how far; None if nothing did."""
    for folder in sorted(_checks(answers.actual / "again"), key=_rank):
        problems = list(_problems(folder, answers, limits))
        if problems:
            _, problem = max(problems, key=lambda found: found[0])
            return f"answers change {CAUSES[_cause(folder)]}: {problem}"
    return None


def _checks(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _cause(path) in CAUSES) if folder.is_dir() else iter(())


def _rank(folder: Path) -> tuple[int, str]:
    return list(CAUSES).index(_cause(folder)), folder.name


def _cause(folder: Path) -> str:
    return folder.name.split("-")[0]


def _problems(folder: Path, answers: Answers, limits: dict[str, float]) -> Iterator[tuple[float, str]]:
    """Yield each difference over the limit with its size; one that has no size comes as infinity."""
    for output in answers.declared:
        for sample in range(answers.samples):
            path = folder / str(sample) / f"{output.name}.npy"
            if path.is_file():
                first = load(answers.actual / str(sample) / f"{output.name}.npy")
                size, words = _difference(first, load(path), limits[output.name])
                if words:
                    yield size, f"output {output.name} of sample {sample} {words}"


def _difference(first: Array, other: Array, limit: float) -> tuple[float, str]:
    if (first.shape, first.dtype) != (other.shape, other.dtype):
        return np.inf, f"is {first.dtype}{list(first.shape)} at first, then {other.dtype}{list(other.shape)}"
    if not equally_finite(first, other):
        return np.inf, "is NaN or infinite elsewhere"
    _, error = relative_error(other, first)
    return error, f"differs by {error:.3g} (limit {limit:.3g})" if error > limit else ""
