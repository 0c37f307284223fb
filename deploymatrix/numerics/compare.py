"""Comparison of what a runtime answered with the float64 reference: by declared name; shape, dtype, non-finite
values, then the values. Every output of every sample must pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .decisions import decisions
from .differences import relative_error
from .failing import intact, lost
from .fidelity import fidelity
from .figures import OutputFigures, StepFigures
from .judging import eager_error, judged, padded, stacked
from .limits import ROUNDED, Limits, Norm
from .outliers import expected_values
from .ragged import Rows, fits, is_ragged, rows_of, rows_problem
from .shapes import listed
from .slices import Stack
from .tensors import Array, Declared, has_steps, is_exact, load

Outcome = Literal["passed", "unstable", "io_mismatch", "nonfinite", "reference_failed", "mismatch"]
# The first that any output has is the cell's.
FAILURES: tuple[Outcome, ...] = ("io_mismatch", "nonfinite", "reference_failed", "mismatch")
NO_SUCH = "no such output, or one of another shape"  # what a second reference may give


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """One output of all samples: what the runtime answered, the float64 reference, each order's eager float32."""

    actual: list[Array]
    reference: list[Array]
    eager: list[list[Array]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Outcome of a cell's comparison, why it did not pass, and each output's figures.

    `drift`: by output, the largest difference among the run's own answers; only those that differ in any bit.
    """

    outcome: Outcome
    detail: str
    outputs: tuple[OutputFigures, ...]
    drift: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Where the arrays of one run lie, and what the run said about its outputs.

    `actual`: <i>/<output>.npy. `reference`: <i>/<output>.float64.npy and .float32.npy, and for each of `orders`, which
    are further orders in which eager float32 was summed, .float32.<order>.npy.
    `declared`: outputs as the artifact's signature gives them (dtype and shape may differ from the model's on purpose).
    `chosen`: which of the reference's samples these are answers to, in order; empty for all of them.
    `evaluated`: the same as `actual` of the artifact in exact arithmetic, and <output>.rounded.npy where its evaluator
    rounds a second time as the runtime may; None where nothing tells.
    """

    actual: Path
    reference: Path
    samples: int
    declared: tuple[Declared, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    chosen: tuple[int, ...] = ()
    evaluated: Path | None = None

    def of_run(self, name: str) -> list[Array]:
        """Read an output of the run for each sample."""
        return [load(self.actual / str(sample) / f"{name}.npy") for sample in range(self.samples)]

    def of_graph(self, name: str, word: str) -> list[Array] | None:
        """Read an output of the quantised graph for each sample; None where it gave none. `word`: "" or ROUNDED."""
        assert self.evaluated is not None
        files = [self.evaluated / str(sample) / f"{name}{word}.npy" for sample in range(self.samples)]
        return [load(file) for file in files] if all(file.is_file() for file in files) else None

    def of_reference(self, name: str, word: str) -> list[Array]:
        """Read an output of the reference for each sample; `word`: float64, float32, or float32.<order>."""
        samples = self.chosen or range(self.samples)
        return [load(self.reference / str(sample) / f"{name}.{word}.npy") for sample in samples]


def compare(answers: Answers, limits: Limits) -> Comparison:
    """Compare all outputs of all samples; `limits` bound the errors of floating-point outputs."""
    if answers.missing or answers.extra:
        return Comparison(outcome="io_mismatch", detail=_name_problem(answers), outputs=())
    if not answers.samples or not answers.declared:
        return Comparison(outcome="io_mismatch", detail="nothing to compare: no samples or no outputs", outputs=())
    outputs = tuple(_compare_output(output, answers, limits) for output in answers.declared)
    for outcome in FAILURES:
        bad = [o for o, result in outputs if result == outcome]
        if bad:
            detail = "; ".join(f"{o.name}: {o.problem}" for o in bad)
            return Comparison(outcome=outcome, detail=detail, outputs=tuple(o for o, _ in outputs))
    passed = Comparison(outcome="passed", detail="", outputs=tuple(o for o, _ in outputs))
    return _unquantised(passed.outputs) if limits.reduced and intact(passed.outputs) else passed


def _unquantised(outputs: tuple[OutputFigures, ...]) -> Comparison:
    """Return the verdict on an artifact that holds its weights in full precision, though its variant does not."""
    found = tuple(o if o.norm == "max" else replace(o, problem=_in_full(o)) for o in outputs)
    detail = "; ".join(f"{o.name}: {o.problem}" for o in found if o.problem)
    return Comparison(outcome="mismatch", detail=detail, outputs=found)


def _in_full(output: OutputFigures) -> str:
    return (
        f"nothing is quantised: the loss {lost(output):.3g} is what float32 itself leaves; its own error is "
        f"{output.eager_error:.3g}"
    )


def _compare_output(output: Declared, answers: Answers, limits: Limits) -> tuple[OutputFigures, Outcome]:
    arrays = _arrays(output, answers)
    limits = limits.for_eager(arrays.eager[0][0].dtype.name)
    for sample, (actual, reference) in enumerate(zip(arrays.actual, arrays.reference, strict=True)):
        problem = _shape_problem(actual, output, reference)
        if problem:
            return _unmeasured(output, f"sample {sample}: {problem}", limits, arrays), "io_mismatch"
    rows = rows_of(arrays.actual, arrays.reference) if is_ragged(output) else None
    problem = rows_problem(rows or ())
    if problem:
        return _unmeasured(output, problem, limits, arrays, rows), "mismatch"
    for sample, (actual, reference) in enumerate(zip(arrays.actual, arrays.reference, strict=True)):
        problem = _nonfinite_problem(actual, reference, arrays.eager[0][sample])
        if problem:
            return _unmeasured(output, f"sample {sample}: {problem}", limits, arrays, rows), "nonfinite"
    if is_exact(output.dtype) or is_exact(arrays.reference[0].dtype.name):  # an artifact may answer integers as floats
        figures, outcome = _exact(output, answers, arrays, limits)
        return replace(figures, rows=rows), outcome
    stack = stacked(arrays.actual, arrays.reference, arrays.eager, limits.norm)
    figures, unjudged = judged(output, stack, limits)
    figures = replace(figures, rows=rows, **_second(output, answers, stack, limits, figures.problem))
    unproven = unjudged or figures.alone
    return figures, "reference_failed" if unproven else "mismatch" if figures.problem else "passed"


def _second(output: Declared, answers: Answers, stack: Stack, limits: Limits, problem: str | None) -> dict[str, Any]:
    """Return the second verdict, and what is wrong by both; nothing where there is no second reference.

    One that gives nothing to be held to proves nothing: it is at fault, and not the runtime.
    """
    if answers.evaluated is None or limits.norm != "rms":
        return {}
    evaluated, rounded = (_of_graph(output, answers, word) for word in ("", ROUNDED))
    if evaluated is None:
        return _unproven(NO_SUCH)
    found = fidelity(stack, padded(evaluated), None if rounded is None else padded(rounded), limits)
    if found is None:
        return _unproven("values that are not finite")
    told = [why for why in (problem, found.problem) if why]
    return {"fidelity": found, "problem": "; ".join(told) or None}


def _of_graph(output: Declared, answers: Answers, word: str) -> list[Array] | None:
    """Return what the graph gives of an output, if that has the shapes of the run's answers."""
    found, shapes = answers.of_graph(output.name, word), [array.shape for array in answers.of_run(output.name)]
    return found if found is not None and [array.shape for array in found] == shapes else None


def _unproven(what: str) -> dict[str, Any]:
    why = f"the quantised graph in exact arithmetic gives {what}"
    return {"alone": why, "problem": why}


def _arrays(output: Declared, answers: Answers) -> Arrays:
    words = ["float32", *(f"float32.{order}" for order in answers.orders)]
    return Arrays(
        actual=answers.of_run(output.name),
        reference=answers.of_reference(output.name, "float64"),
        eager=[answers.of_reference(output.name, word) for word in words],
    )


def _exact(output: Declared, answers: Answers, arrays: Arrays, limits: Limits) -> tuple[OutputFigures, Outcome]:
    """Return the figures of integers: equal to float64's, or of what is quantised decided as its graph does."""
    figures, outcome = _equal(output, arrays)
    if answers.evaluated is None or limits.norm != "rms":
        return figures, outcome
    evaluated, rounded = (_of_graph(output, answers, word) for word in ("", ROUNDED))
    if evaluated is None:
        return replace(figures, **_unproven(NO_SUCH)), "reference_failed"
    found = decisions(arrays.actual, arrays.reference, evaluated, rounded, limits)
    return replace(figures, decisions=found, problem=found.problem), "mismatch" if found.problem else "passed"


def _equal(output: Declared, arrays: Arrays) -> tuple[OutputFigures, Outcome]:
    """Return the figures of an output that is compared exactly."""
    errors = [relative_error(*pair) for pair in zip(arrays.actual, arrays.reference, strict=True)]
    error = max(relative for _, relative in errors)
    steps = _equal_steps(arrays) if has_steps(output) else None
    figures = OutputFigures(
        name=output.name,
        dtype=output.dtype,
        shape=output.shape,
        max_abs=max(absolute for absolute, _ in errors),
        error=error,
        limit=0.0,
        headroom=None,
        eager_error=_eager_error(arrays),
        cosine=None,
        snr_db=None,
        sample_errors=tuple(relative for _, relative in errors),
        problem=_unequal(error, steps) if error else None,
        steps=steps,
    )
    return figures, "mismatch" if error else "passed"


def _equal_steps(arrays: Arrays) -> StepFigures:
    """Return the error of each step, the largest over all samples."""
    steps = range(len(arrays.reference[0]))
    pairs = list(zip(arrays.actual, arrays.reference, strict=True))
    errors = tuple(max(relative_error(a[step], r[step])[1] for a, r in pairs) for step in steps)
    return StepFigures(errors=errors, limits=(0.0,) * len(errors), noise=(0.0,) * len(errors))


def _unequal(error: float, steps: StepFigures | None) -> str:
    first = next((step for step, each in enumerate(steps.errors) if each), None) if steps else None
    return f"error {error:.3g} is over the limit 0" + ("" if first is None else f", from step {first} on")


def _unmeasured(
    output: Declared, problem: str, limits: Limits, arrays: Arrays, rows: Rows | None = None
) -> OutputFigures:
    eager = _eager_error(arrays, limits.norm)
    return OutputFigures(
        name=output.name,
        dtype=output.dtype,
        shape=output.shape,
        max_abs=None,
        error=None,
        limit=limits.of(eager),
        headroom=None,
        eager_error=eager,
        cosine=None,
        snr_db=None,
        sample_errors=(),
        problem=problem,
        rows=rows,
        norm=limits.norm,
    )


def _eager_error(arrays: Arrays, norm: Norm = "max") -> float:
    if is_exact(arrays.reference[0].dtype.name):
        return max(
            relative_error(*pair)[1] for answers in arrays.eager for pair in zip(answers, arrays.reference, strict=True)
        )
    return eager_error(stacked(arrays.reference, arrays.reference, arrays.eager, norm))


def _name_problem(answers: Answers) -> str:
    parts = []
    if answers.missing:
        parts.append(f"missing outputs: {', '.join(answers.missing)}")
    if answers.extra:
        parts.append(f"outputs that the signature does not name: {', '.join(answers.extra)}")
    return "; ".join(parts)


def _shape_problem(actual: Array, output: Declared, reference: Array) -> str | None:
    if not fits(actual.shape, output):
        return f"shape is {list(actual.shape)}, declared {listed(output.shape)}"
    if actual.dtype != np.dtype(output.dtype):
        return f"dtype is {actual.dtype}, declared {output.dtype}"
    varying = is_ragged(output)  # how many rows are the same is told apart
    if actual.shape[varying:] != reference.shape[varying:]:
        return f"shape is {list(actual.shape)}, as the signature says, but the model's is {list(reference.shape)}"
    return None


def _nonfinite_problem(actual: Array, reference: Array, eager: Array) -> str | None:
    expected = reference if is_exact(reference.dtype.name) else expected_values(reference, eager)
    for name, test in (("NaN", np.isnan), ("+inf", np.isposinf), ("-inf", np.isneginf)):
        wrong = int((_flags(test, actual) != _flags(test, expected)).sum())
        if wrong:
            return f"{wrong} of {actual.size} elements differ from the reference in being {name}"
    return None


def _flags(test: Any, array: Array) -> NDArray[np.bool_]:
    if array.dtype.kind != "f":
        return np.zeros(array.shape, dtype=bool)
    flags: NDArray[np.bool_] = test(array)
    return flags
