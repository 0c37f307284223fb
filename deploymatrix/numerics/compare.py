"""Comparison of what a runtime answered with the float64 reference: by declared name; shape, dtype, non-finite
values, then the values. Every output of every sample must pass.

The error of an output is max|y - y64| / max|y64|. It is normalised by the output's own size, because an absolute limit
means nothing across models, and by the maximum rather than element by element, because elements near zero carry
rounding of the large terms that cancelled in them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploymatrix.matrix.records import Outcome, OutputRecord
from deploymatrix.project.specs import Tensor

Array = NDArray[np.generic]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Outcome of a cell's comparison: `passed`, `io_mismatch`, `nonfinite` or `mismatch`, and each output's figures."""

    outcome: Outcome
    detail: str
    outputs: tuple[OutputRecord, ...]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Where the arrays of one run lie, and what the run said about its outputs.

    `actual`: <i>/<output>.npy. `reference`: <i>/<output>.float64.npy and .float32.npy.
    `declared`: outputs as the artifact's signature gives them (dtype and shape may differ from the model's on purpose).
    """

    actual: Path
    reference: Path
    samples: int
    declared: tuple[Tensor, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def compare(answers: Answers, limit: float) -> Comparison:
    """Compare all outputs of all samples; `limit` bounds the error of floating-point outputs."""
    if answers.missing or answers.extra:
        return Comparison(outcome="io_mismatch", detail=_name_problem(answers), outputs=())
    if not answers.samples or not answers.declared:
        return Comparison(outcome="io_mismatch", detail="nothing to compare: no samples or no outputs", outputs=())
    outputs = tuple(_compare_output(output, answers, limit) for output in answers.declared)
    for outcome in ("io_mismatch", "nonfinite", "mismatch"):
        bad = [o for o, result in outputs if result == outcome]
        if bad:
            detail = "; ".join(f"{o.name}: {o.problem}" for o in bad)
            return Comparison(outcome=outcome, detail=detail, outputs=tuple(o for o, _ in outputs))
    return Comparison(outcome="passed", detail="", outputs=tuple(o for o, _ in outputs))


def relative_error(actual: Array, reference: Array) -> tuple[float, float]:
    """(max|a - r|, the same / max|r|) over the finite elements, in float64; where r is 0 everywhere, not normalised.

    Integers that differ are at least 1 apart. What overflows is the largest float: JSON has no infinity.
    """
    finite = np.isfinite(reference)
    if not finite.any():
        return 0.0, 0.0
    answered, expected = actual[finite], reference[finite]
    with np.errstate(over="ignore"):
        difference = np.abs(answered.astype(np.float64) - expected.astype(np.float64))
    if is_exact(expected.dtype.name):  # above 2**53, float64 cannot tell neighbours apart
        difference = np.where(answered == expected, 0.0, np.maximum(difference, 1.0))
    max_abs, scale = float(difference.max()), float(np.abs(expected.astype(np.float64)).max())
    relative = max_abs / scale if scale > 0 else max_abs
    return min(max_abs, sys.float_info.max), min(relative, sys.float_info.max)


def is_exact(dtype: str) -> bool:
    """Integers and booleans are compared exactly."""
    return not dtype.startswith("float")


def _compare_output(output: Tensor, answers: Answers, limit: float) -> tuple[OutputRecord, Outcome]:
    triples = list(_arrays(output, answers))
    for sample, (actual, reference, _) in enumerate(triples):
        problem = _shape_problem(actual, output, reference)
        if problem:
            return _unmeasured(output, f"sample {sample}: {problem}", limit, triples), "io_mismatch"
    for sample, (actual, reference, _) in enumerate(triples):
        problem = _nonfinite_problem(actual, reference)
        if problem:
            return _unmeasured(output, f"sample {sample}: {problem}", limit, triples), "nonfinite"
    exact = is_exact(output.dtype) or is_exact(triples[0][1].dtype.name)  # an artifact may answer integers as floats
    return _measured(output, triples, 0.0 if exact else limit)


def _arrays(output: Tensor, answers: Answers) -> Iterator[tuple[Array, Array, Array]]:
    """Per sample: what the runtime answered, the float64 reference, eager float32's answer."""
    for sample in range(answers.samples):
        expected = answers.reference / str(sample)
        yield (
            np.load(answers.actual / str(sample) / f"{output.name}.npy", allow_pickle=False),
            np.load(expected / f"{output.name}.float64.npy", allow_pickle=False),
            np.load(expected / f"{output.name}.float32.npy", allow_pickle=False),
        )


def _measured(output: Tensor, triples: list[tuple[Array, Array, Array]], limit: float) -> tuple[OutputRecord, Outcome]:
    errors = [relative_error(actual, reference) for actual, reference, _ in triples]
    error = max(relative for _, relative in errors)
    passed = error <= limit
    cosine, snr = _similarity(triples) if limit else (None, None)
    record = OutputRecord(
        name=output.name,
        dtype=output.dtype,
        shape=output.shape,
        max_abs=max(absolute for absolute, _ in errors),
        error=error,
        limit=limit,
        headroom=min(error / limit, sys.float_info.max) if limit else None,
        eager_error=_eager_error(triples),
        cosine=cosine,
        snr_db=snr,
        sample_errors=tuple(relative for _, relative in errors),
        problem=None if passed else f"error {error:.3g} is over the limit {limit:.3g}",
    )
    return record, "passed" if passed else "mismatch"


def _unmeasured(output: Tensor, problem: str, limit: float, triples: list[tuple[Array, Array, Array]]) -> OutputRecord:
    return OutputRecord(
        name=output.name,
        dtype=output.dtype,
        shape=output.shape,
        max_abs=None,
        error=None,
        limit=limit,
        headroom=None,
        eager_error=_eager_error(triples),
        cosine=None,
        snr_db=None,
        sample_errors=(),
        problem=problem,
    )


def _eager_error(triples: list[tuple[Array, Array, Array]]) -> float:
    return max(relative_error(eager, reference)[1] for _, reference, eager in triples)


def _similarity(triples: list[tuple[Array, Array, Array]]) -> tuple[float | None, float | None]:
    """(cosine, signal-to-noise ratio in dB) over all samples' finite elements; None where not defined."""
    actual = np.concatenate([a.astype(np.float64).ravel() for a, _, _ in triples])
    reference = np.concatenate([r.astype(np.float64).ravel() for _, r, _ in triples])
    finite = np.isfinite(reference)
    actual, reference = actual[finite], reference[finite]
    with np.errstate(over="ignore"):  # an infinity is then None
        signal, noise = float(reference @ reference), float(((actual - reference) ** 2).sum())
        norms = math.sqrt(signal) * float(np.linalg.norm(actual))
        cosine = float(actual @ reference) / norms if norms > 0 else None
    snr = 10 * (math.log10(signal) - math.log10(noise)) if signal > 0 and noise > 0 else None
    return (_rounded(cosine), _rounded(snr))


def _rounded(value: float | None) -> float | None:
    """Sums differ in the last digits with the order that a BLAS adds in: keep what is stable."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def _name_problem(answers: Answers) -> str:
    parts = []
    if answers.missing:
        parts.append(f"missing outputs: {', '.join(answers.missing)}")
    if answers.extra:
        parts.append(f"outputs that the signature does not name: {', '.join(answers.extra)}")
    return "; ".join(parts)


def _shape_problem(actual: Array, output: Tensor, reference: Array) -> str | None:
    if actual.shape != output.shape:
        return f"shape is {list(actual.shape)}, declared {list(output.shape)}"
    if actual.dtype != np.dtype(output.dtype):
        return f"dtype is {actual.dtype}, declared {output.dtype}"
    if actual.shape != reference.shape:
        return f"shape is {list(actual.shape)}, as the signature says, but the model's is {list(reference.shape)}"
    return None


def _nonfinite_problem(actual: Array, reference: Array) -> str | None:
    for name, test in (("NaN", np.isnan), ("+inf", np.isposinf), ("-inf", np.isneginf)):
        wrong = int((_flags(test, actual) != _flags(test, reference)).sum())
        if wrong:
            return f"{wrong} of {actual.size} elements differ from the reference in being {name}"
    return None


def _flags(test: Any, array: Array) -> NDArray[np.bool_]:
    if array.dtype.kind != "f":
        return np.zeros(array.shape, dtype=bool)
    flags: NDArray[np.bool_] = test(array)
    return flags
