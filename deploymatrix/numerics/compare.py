"""Comparison of what a runtime answered with the float64 reference: by declared name; shape, dtype, non-finite
values, then the values. Every output of every sample must pass.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .figures import OutputFigures, relative_error, similarity
from .tensors import Array, Declared, is_exact, load

Triple = tuple[Array, Array, Array]  # what the runtime answered, the float64 reference, eager float32's answer
Outcome = Literal["passed", "io_mismatch", "nonfinite", "mismatch"]
FAILURES: tuple[Outcome, ...] = ("io_mismatch", "nonfinite", "mismatch")  # the first that any output has is the cell's


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Outcome of a cell's comparison, why it did not pass, and each output's figures."""

    outcome: Outcome
    detail: str
    outputs: tuple[OutputFigures, ...]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Where the arrays of one run lie, and what the run said about its outputs.

    `actual`: <i>/<output>.npy. `reference`: <i>/<output>.float64.npy and .float32.npy.
    `declared`: outputs as the artifact's signature gives them (dtype and shape may differ from the model's on purpose).
    """

    actual: Path
    reference: Path
    samples: int
    declared: tuple[Declared, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def compare(answers: Answers, limit: float) -> Comparison:
    """Compare all outputs of all samples; `limit` bounds the error of floating-point outputs."""
    if answers.missing or answers.extra:
        return Comparison(outcome="io_mismatch", detail=_name_problem(answers), outputs=())
    if not answers.samples or not answers.declared:
        return Comparison(outcome="io_mismatch", detail="nothing to compare: no samples or no outputs", outputs=())
    outputs = tuple(_compare_output(output, answers, limit) for output in answers.declared)
    for outcome in FAILURES:
        bad = [o for o, result in outputs if result == outcome]
        if bad:
            detail = "; ".join(f"{o.name}: {o.problem}" for o in bad)
            return Comparison(outcome=outcome, detail=detail, outputs=tuple(o for o, _ in outputs))
    return Comparison(outcome="passed", detail="", outputs=tuple(o for o, _ in outputs))


def _compare_output(output: Declared, answers: Answers, limit: float) -> tuple[OutputFigures, Outcome]:
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


def _arrays(output: Declared, answers: Answers) -> Iterator[Triple]:
    for sample in range(answers.samples):
        expected = answers.reference / str(sample)
        yield (
            load(answers.actual / str(sample) / f"{output.name}.npy"),
            load(expected / f"{output.name}.float64.npy"),
            load(expected / f"{output.name}.float32.npy"),
        )


def _measured(output: Declared, triples: list[Triple], limit: float) -> tuple[OutputFigures, Outcome]:
    errors = [relative_error(actual, reference) for actual, reference, _ in triples]
    error = max(relative for _, relative in errors)
    passed = error <= limit
    cosine, snr = similarity([(actual, reference) for actual, reference, _ in triples]) if limit else (None, None)
    figures = OutputFigures(
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
    return figures, "passed" if passed else "mismatch"


def _unmeasured(output: Declared, problem: str, limit: float, triples: list[Triple]) -> OutputFigures:
    return OutputFigures(
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


def _eager_error(triples: list[Triple]) -> float:
    return max(relative_error(eager, reference)[1] for _, reference, eager in triples)


def _name_problem(answers: Answers) -> str:
    parts = []
    if answers.missing:
        parts.append(f"missing outputs: {', '.join(answers.missing)}")
    if answers.extra:
        parts.append(f"outputs that the signature does not name: {', '.join(answers.extra)}")
    return "; ".join(parts)


def _shape_problem(actual: Array, output: Declared, reference: Array) -> str | None:
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
