"""Whether a model reproduces the outputs that its user expects of own samples: those of training, as a rule.

An expected output is judged as an artifact's answer is, slice by slice and with the same limits: the machine that
trained is one more runtime. Here the expectation is the yardstick, and the model's own answers are held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .differences import relative_error
from .judging import judged, stacked
from .limits import Limits
from .outliers import Floats, expected_values
from .tensors import Array, Declared, equally_finite, is_exact, load

WHY = (
    "the preprocessing of the samples or the weights are not those of training, or the expected outputs are not this "
    "model's"
)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Where the arrays lie. `expected`: <i>/<output>.npy, as far as they are given.

    `reference`: <i>/<output>.float64.npy and .float32.npy, and .float32.<order>.npy for each of `orders`.
    """

    expected: Path
    reference: Path
    samples: int
    orders: tuple[str, ...] = ()


def expected_problem(outputs: Iterable[Declared], given: Expectation, limits: Limits) -> str | None:
    """Return where the model is farthest from what is expected, as a multiple of its limit; None if it is within all.

    `outputs`: as the model declares them. `limits`: of the variant, on the target.
    """
    found = [miss for output in outputs for miss in _misses(output, given, limits)]
    return max(found)[1] if found else None


def _misses(output: Declared, given: Expectation, limits: Limits) -> Iterator[tuple[float, str]]:
    """Yield what is over its limit: how many times, and the same in words."""
    samples = [i for i in range(given.samples) if (given.expected / str(i) / f"{output.name}.npy").is_file()]
    if not samples:
        return
    expected = [load(given.expected / str(i) / f"{output.name}.npy") for i in samples]
    eager = [_loaded(output, given, samples, word) for word in ("float32", *(f"float32.{o}" for o in given.orders))]
    exact = _loaded(output, given, samples, "float64")
    for word, answers in (("eager float32", eager[0]), ("float64", _held(exact, eager[0]))):
        apart = _apart(output, samples, answers, expected)
        if apart is not None:
            yield np.inf, f"{_where(output, apart[0], word)} {apart[1]}; {WHY}"
        elif not is_exact(output.dtype):
            yield from _over(output, samples, word, (answers, expected, _noisy(expected, exact, eager)), limits)


def _over(
    output: Declared,
    samples: Sequence[int],
    word: str,
    arrays: tuple[Sequence[Array], list[Array], list[list[Array]]],
    limits: Limits,
) -> Iterator[tuple[float, str]]:
    answers, expected, eager = arrays
    figures, _ = judged(output, stacked([*answers], expected, eager), limits)
    worst = figures.worst
    if worst is not None and worst.share > 1:
        slice_ = "" if worst.axis is None else f" (axis {worst.axis}, slice {worst.index})"
        far = f"is off by {worst.error:.3g}{slice_}, limit {worst.limit:.3g}"
        yield worst.share, f"{_where(output, samples[worst.sample], word)} {far}; {WHY}"


def _where(output: Declared, sample: int, word: str) -> str:
    return f"the expected output {output.name} of sample {sample}: the {word} model"


def _apart(
    output: Declared, samples: Sequence[int], answers: Sequence[Array], expected: Sequence[Array]
) -> tuple[int, str] | None:
    """Return the first sample whose answer differs in kind, or at all where answers are exact, and how."""
    for sample, answer, wanted in zip(samples, answers, expected, strict=True):
        if answer.shape != wanted.shape:
            return sample, f"gives the shape {list(answer.shape)}, expected is {list(wanted.shape)}"
        if not equally_finite(answer, wanted):
            return sample, "is infinite or NaN elsewhere"
        error = relative_error(answer, wanted)[1] if is_exact(output.dtype) else 0.0
        if error:
            return sample, f"is off by {error:.3g}, limit 0"
    return None


def _loaded(output: Declared, given: Expectation, samples: Sequence[int], word: str) -> list[Array]:
    return [load(given.reference / str(i) / f"{output.name}.{word}.npy") for i in samples]


def _held(exact: Sequence[Array], eager: Sequence[Array]) -> Sequence[Array]:
    """Return the float64 answers as the comparison takes them: what float32 cannot hold is eager's."""
    return [
        pair[0] if is_exact(pair[0].dtype.name) else expected_values(*pair) for pair in zip(exact, eager, strict=True)
    ]


def _noisy(expected: Sequence[Array], exact: Sequence[Array], eager: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """Return what is expected, moved by eager's own error in each order: so far may float32 be from it."""
    return [[_moved(*three) for three in zip(expected, exact, answers, strict=True)] for answers in eager]


def _moved(expected: Array, exact: Array, eager: Array) -> Floats:
    with np.errstate(invalid="ignore", over="ignore"):
        error = eager.astype(np.float64) - exact.astype(np.float64)
    return expected.astype(np.float64) + np.where(np.isfinite(error), error, 0.0)
