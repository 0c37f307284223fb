"""What answers are worth: the metric of a task over labelled samples, and the decisions that agree with float64's.

A decision is the class of the largest value along the last axis, of equals the first; an output of integers holds
decisions itself. Where a value is NaN, nothing is decided. A label below 0 is none, and does not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .tensors import Array

RATES = {"top1": 1, "top5": 5, "token_match": 1}  # how many of the first places a label may take
UNDECIDED = np.iinfo(np.int64).min


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """float64, float32, variant: the metric of the model itself, of it in eager float32, and of the artifact.

    drop: what the artifact is worse than float64; `budget`: the most that it may be. `decisions`: how many there are in
    all samples, of which a share `agreement` is float64's; `lost` were right in float64 alone, `won` in the artifact
    alone. None is what a metric does not have, or what is not finite.
    """

    kind: str
    output: str = ""
    samples: int
    float64: float | None = None
    float32: float | None = None
    variant: float | None = None
    drop: float | None = None
    budget: float | None = None
    decisions: int | None = None
    agreement: float | None = None
    lost: int | None = None
    won: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One output of each sample, as three answer it, with the labels, where there are any; or arrays of all samples."""

    float64: Sequence[Array] | Array
    float32: Sequence[Array] | Array
    variant: Sequence[Array] | Array
    label: Sequence[Array] | Array = ()


def measured(kind: str, output: str, answered: Answered, budget: float | None) -> Accuracy:
    """Return the metric over all samples, at least one. Raise ValueError for an answer of another shape."""
    for index, (exact, own) in enumerate(zip(answered.float64, answered.variant, strict=True)):
        if own.shape != exact.shape:
            shapes = f"{list(own.shape)}, that of the model {list(exact.shape)}"
            raise ValueError(f"the answer to sample {index} has the shape {shapes}")
    blank = Accuracy(kind=kind, output=output, samples=len(answered.float64), budget=budget)
    if kind == "agreement":
        return _agreeing(blank, answered)
    if kind in RATES:
        return _of_rates(_agreeing(blank, answered), answered, RATES[kind])
    return _of_distances(blank, answered)


def of_scores(samples: int, scores: tuple[float, float, float], budget: float) -> Accuracy:
    """Return what a score of the user's makes of float64, float32 and the artifact; more is better."""
    exact, eager, own = (_finite(score) for score in scores)
    drop = None if exact is None or own is None else exact - own
    return Accuracy(
        kind="metric.py", samples=samples, float64=exact, float32=eager, variant=own, drop=drop, budget=budget
    )


def problem(accuracy: Accuracy) -> str | None:
    """Return why a variant loses too much; None where it does not, or nothing bounds it."""
    if accuracy.budget is None:
        return None
    what = f"accuracy: {accuracy.kind} over {accuracy.samples} labelled samples"
    if accuracy.drop is None or accuracy.float64 is None or accuracy.variant is None:
        return f"{what} is not finite"
    if accuracy.drop <= accuracy.budget:
        return None
    return (
        f"{what} is {accuracy.variant:.4g}, that of float64 {accuracy.float64:.4g}: a drop of {accuracy.drop:.4g}, "
        f"over the budget {accuracy.budget:.4g}"
    )


def decided(values: Array) -> NDArray[np.int64]:
    """Return the decisions that an output holds."""
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    undecided = np.isnan(values).any(axis=-1)
    return np.where(undecided, UNDECIDED, np.nan_to_num(values, nan=-np.inf).argmax(axis=-1)).astype(np.int64)


def _agreeing(blank: Accuracy, answered: Answered) -> Accuracy:
    pairs = [(decided(exact), decided(own)) for exact, own in zip(answered.float64, answered.variant, strict=True)]
    total = sum(exact.size for exact, _ in pairs)
    same = sum(int(((exact == own) & (own != UNDECIDED)).sum()) for exact, own in pairs)
    return replace(blank, decisions=total, agreement=same / total if total else None)


def _of_rates(blank: Accuracy, answered: Answered, places: int) -> Accuracy:
    exact, eager, own = (
        np.concatenate([_right(*pair, places) for pair in zip(values, answered.label, strict=True)])
        for values in (answered.float64, answered.float32, answered.variant)
    )
    if not exact.size:
        return blank
    lost, won = int((exact & ~own).sum()), int((own & ~exact).sum())
    rates = [float(right.mean()) for right in (exact, eager, own)]
    return replace(
        blank,
        float64=rates[0],
        float32=rates[1],
        variant=rates[2],
        drop=(lost - won) / exact.size,
        decisions=int(exact.size),
        lost=lost,
        won=won,
    )


def _right(values: Array, label: Array, places: int) -> NDArray[np.bool_]:
    """Return for each label that counts whether it is among the first places."""
    wanted = label.astype(np.int64)
    if values.dtype.kind != "f":
        return np.asarray((values == wanted)[wanted >= 0]).reshape(-1)
    classes = values.shape[-1]
    rows, targets = values.reshape(-1, classes).astype(np.float64), wanted.reshape(-1)
    rows, targets = rows[targets >= 0], targets[targets >= 0]
    known = targets < classes
    own = rows[np.arange(len(rows)), np.where(known, targets, 0)][:, np.newaxis]
    before = np.arange(classes) < targets[:, np.newaxis]
    rank = ((rows > own) | ((rows == own) & before)).sum(axis=-1)
    return np.asarray(known & (rank < places) & ~np.isnan(rows).any(axis=-1))


def _of_distances(blank: Accuracy, answered: Answered) -> Accuracy:
    """Return the figures of mse and cosine. A drop of mse is what it grows by, as a share of the labels' variance."""
    measure = _mse if blank.kind == "mse" else _cosine
    labels = [label.astype(np.float64) for label in answered.label]
    exact, eager, own = (
        _finite(
            sum(measure(y.astype(np.float64), label) for y, label in zip(values, labels, strict=True)) / len(labels)
        )
        for values in (answered.float64, answered.float32, answered.variant)
    )
    drop = None
    if exact is not None and own is not None:
        drop = (own - exact) / _variance(labels) if blank.kind == "mse" else exact - own
    return replace(blank, float64=exact, float32=eager, variant=own, drop=drop)


def _mse(values: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        return float(np.mean((values - label) ** 2))


def _cosine(values: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(values)) * float(np.linalg.norm(label))
        return float(np.vdot(values, label)) / size if size else 0.0


def _variance(labels: list[NDArray[np.float64]]) -> float:
    """Return the variance of all labels; their mean square where they are all one, and 1 where they are all 0."""
    every = np.concatenate([label.reshape(-1) for label in labels])
    return float(every.var()) or float(np.mean(every**2)) or 1.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
