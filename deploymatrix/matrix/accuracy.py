"""The record of what a variant's answers are worth, what it bears, and where its figures contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose, isfinite
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from deploymatrix.matrix.frozen import Frozen
from deploymatrix.numerics.failing import Failing, failing

if TYPE_CHECKING:
    from deploymatrix.matrix.output_records import OutputRecord

EXACTLY = 1e-9  # figures that follow from each other by a few operations agree so far
COUNTED = ("top1", "top5", "token_match")  # shares of decisions
AT_MOST_ONE = (*COUNTED, "cosine")


class AccuracyRecord(Frozen):
    """The metric of the model's task over labelled samples, or the decisions that agree with float64's without labels.

    Rates and cosines are shares of 1, a mean square error and a score of metric.py are in their own units.
    """

    kind: Literal["top1", "top5", "mse", "cosine", "token_match", "agreement", "metric.py"]
    output: str = Field(default="", description="the one that is scored; empty: metric.py is given all")
    samples: int = Field(description="labelled ones; with kind agreement the judged ones")
    float64: float | None = Field(default=None, description="of the model itself; null: not finite, or no labels")
    float32: float | None = Field(default=None, description="of the model in eager float32")
    variant: float | None = Field(default=None, description="of this cell's artifact")
    drop: float | None = Field(
        default=None,
        description="what the artifact is worse than float64; of mse the growth over the labels' variance",
    )
    budget: float | None = Field(default=None, description="the most that drop may be; null: nothing bounds it")
    decisions: int | None = Field(default=None, description="that the outputs of all samples hold")
    agreement: float | None = Field(default=None, description="share of the decisions that are those of float64")
    lost: int | None = Field(default=None, description="decisions that float64 has right and the artifact wrong")
    won: int | None = Field(default=None, description="decisions that float64 has wrong and the artifact right")


def over_budget(accuracy: AccuracyRecord | None) -> str | None:
    """Return why the record bears a mismatch; None where it does not. Written so that NaN never passes."""
    if accuracy is None or accuracy.budget is None:
        return None
    if accuracy.drop is None:
        return f"accuracy: {accuracy.kind} could not be measured"
    if accuracy.drop <= accuracy.budget:
        return None
    return f"accuracy: a drop of {accuracy.drop:.3g} is over its budget {accuracy.budget:.3g}"


def all_failing(outputs: Sequence[OutputRecord], accuracy: AccuracyRecord | None) -> tuple[Failing, ...]:
    """Return what a mismatch fails: of what is quantised by its outputs, and the metric where it lost too much.

    What is judged by rounding and wrong by that needs no metric to say so.
    """
    by_noise = any(output.norm == "rms" for output in outputs)
    lost = over_budget(accuracy) and (by_noise or not any(output.problem for output in outputs))
    return (*failing(outputs), *(("accuracy",) if lost else ()))


def inconsistencies(accuracy: AccuracyRecord) -> Iterator[str]:
    """Yield a line for each figure that cannot be, or that another one contradicts."""
    yield from (f"accuracy: {line}" for line in _inconsistencies(accuracy))


def _inconsistencies(a: AccuracyRecord) -> Iterator[str]:
    if a.samples < 1:
        yield "it is of no samples"
    figures = {name: getattr(a, name) for name in ("float64", "float32", "variant", "drop", "budget", "agreement")}
    yield from (f"{name} is {value}" for name, value in figures.items() if value is not None and not isfinite(value))
    shares = ["agreement", *(("float64", "float32", "variant") if a.kind in COUNTED else ())]
    yield from (f"{name} is {figures[name]}" for name in shares if not 0 <= (figures[name] or 0.0) <= 1)
    if a.kind == "agreement":
        if a.budget is not None or a.drop is not None:
            yield "it has no labels, and yet a drop or a budget"
        if a.agreement is None:
            yield "agreement is not there"
        return
    if a.budget is None:
        yield "it has labels, and no budget"
    if a.drop is None:
        return  # it could not be measured, and bears a mismatch
    if a.kind in COUNTED:
        yield from _of_counts(a)
    elif a.kind != "mse" and a.float64 is not None and a.variant is not None and a.drop is not None:
        if not isclose(a.drop, a.float64 - a.variant, rel_tol=EXACTLY, abs_tol=EXACTLY):
            yield f"drop is {a.drop:.4g}, float64's less the artifact's {a.float64 - a.variant:.4g}"
    elif a.kind == "mse" and a.drop is not None and (a.variant or 0.0) > (a.float64 or 0.0) and not a.drop > 0:
        yield f"drop is {a.drop:.4g}, and yet the artifact's error is larger than float64's"


def _of_counts(a: AccuracyRecord) -> Iterator[str]:
    """Yield what contradicts the counts of decisions, which the other figures follow from."""
    if not a.decisions or a.lost is None or a.won is None or a.float64 is None or a.variant is None or a.drop is None:
        yield "decisions, their counts or the rates are not there"
        return
    if a.lost < 0 or a.won < 0 or a.lost + a.won > a.decisions:
        yield f"{a.lost} lost and {a.won} won of {a.decisions} decisions"
    for name, value in (("drop", a.drop), ("float64's less the artifact's", a.float64 - a.variant)):
        if not isclose(value, (a.lost - a.won) / a.decisions, rel_tol=EXACTLY, abs_tol=EXACTLY):
            yield f"{name} is {value:.4g}; {a.lost} lost and {a.won} won of {a.decisions}"
    right = a.float64 * a.decisions
    if not isclose(right, round(right), abs_tol=1e-6):
        yield f"float64 is {a.float64:.6g}, which is no share of {a.decisions} decisions"
