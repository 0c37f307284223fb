"""References repeated: whether a model answers the same again, and float32 in further orders of summation.

The host judges what is written here. What is bitwise the same is not written.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.random  # now: numpy does so at first use, when a neighbour of a model may bear a name that it needs

from . import tensors

if TYPE_CHECKING:
    from .modules import RepeatingFrameworkModule
    from .referencing import Answers, Subject

Sample = dict[str, tensors.Array]

ENOUGH_S = 0.5  # a pass over all samples that took longer is repeated for the last and the first one only

# Another order of summation moves an answer by about as much as rounding does: 3 times at most, over the core models.
# What is further away from float64 is no order of summation: a model may mix the samples of a batch, for instance.
FARTHEST = 8.0
ROUNDING = "rounding"  # orders of this name have other weights: no sum in another order, but as far off as one may be
EPSILON = float(np.finfo(np.float32).eps)


def repeat(subject: Subject, dtype: str, first: Answers, seconds: float, out: Path) -> None:
    """Compute again, and write `out/<i>/<output>.<dtype>.again.npy` where it came out otherwise.

    The samples come in reverse order, so that state in the model shows, and with other seeds, so that a framework that
    sets them does not hide random numbers. A framework may have an `again()` that shows more than `reference()` does.
    """
    spec = subject.spec
    order = order_again(len(spec.samples), enough=seconds > ENOUGH_S)
    turned = replace(spec.chosen(order), seed=spec.seed + 1)
    random.seed(turned.seed)
    np.random.seed(turned.seed % 2**32)
    compute = getattr(subject.framework, "again", subject.framework.reference)
    for index, sample in zip(order, compute(subject.model, turned, subject.weights, dtype), strict=True):
        arrays = tensors.checked(sample, "reference()")
        if set(arrays) != set(first[index]):
            raise ValueError(f"reference() gave outputs {sorted(first[index])} at first, then {sorted(arrays)}")
        for name, array in arrays.items():
            if not tensors.identical(array, first[index][name]):
                tensors.write(out / str(index) / f"{name}.{dtype}.again.npy", array)


def order_again(samples: int, *, enough: bool) -> list[int]:
    """Return the samples of a repeated pass; one that is alone comes twice, so that state shows."""
    if samples == 1:
        return [0, 0]
    return [samples - 1, 0] if enough else list(reversed(range(samples)))


def further_orders(subject: Subject, exact: Answers, eager: Answers, out: Path) -> list[str]:
    """Write `out/<i>/<output>.float32.<order>.npy` for each order that the framework offers; return their words."""
    offered: dict[str, Callable[[], Any]] = {}
    if hasattr(subject.framework, "orders"):
        framework = cast("RepeatingFrameworkModule", subject.framework)
        offered = framework.orders(subject.model, subject.spec, subject.weights)
    known, ragged = [eager], frozenset(tensor.name for tensor in subject.spec.outputs if tensor.ragged)
    return [order for order, compute in offered.items() if _written(order, compute, exact, known, ragged, out)]


def _written(
    order: str, compute: Callable[[], Any], exact: Answers, known: list[Answers], ragged: frozenset[str], out: Path
) -> bool:
    """Compute in one order and write the answers; say in the log why they cannot be used, and return False.

    An order in which the first sample comes out the same bit by bit is no other order. `known`: eager's answers, and
    those with rounded weights, which are added to it: they show how far an order may be off.
    """
    eager = known[0]
    answers: Answers = []
    try:
        for sample in compute():
            answers.append(tensors.checked(sample, order))
            if len(answers) == 1 and _same(answers[0], eager[0]):
                print(f"no order of summation {order}: it gives the same bits")
                return False
    except Exception as error:  # a model need not take a batch: then there is one order fewer
        print(f"no order of summation {order}: {type(error).__name__}: {error}")
        return False
    rounded = order.startswith(ROUNDING)
    pairs = zip(answers, exact, zip(*known, strict=True), strict=False)
    if len(answers) != len(eager) or not all(_comparable(*pair, ragged, rounded=rounded) for pair in pairs):
        print(f"no order of summation {order}: its answers are others than the model's")
        return False
    for index, sample in enumerate(answers):
        for name, array in sample.items():
            tensors.write(out / str(index) / f"{name}.float32.{order}.npy", array)
    if rounded:
        known.append(answers)
    return True


def _same(answer: Sample, eager: Sample) -> bool:
    return set(answer) == set(eager) and all(tensors.identical(answer[name], eager[name]) for name in eager)


def _comparable(
    answer: Sample, exact: Sample, known: tuple[Sample, ...], ragged: frozenset[str], *, rounded: bool
) -> bool:
    """Tell whether an answer is the model's, in another order: another number of rows is, too, and will be said."""
    if set(answer) != set(exact):
        return False
    for name, array in answer.items():
        if name in ragged and array.shape != exact[name].shape and array.shape[1:] == exact[name].shape[1:]:
            continue
        if not _near(array, exact[name], [each[name] for each in known], rounded=rounded):
            return False
    return True


def _near(answer: tensors.Array, exact: tensors.Array, known: list[tensors.Array], *, rounded: bool) -> bool:
    """Tell whether an answer has eager's shape and dtype, and is not much farther from float64 than what is known."""
    eager = known[0]
    if answer.shape != eager.shape or answer.dtype != eager.dtype:
        return False
    if eager.dtype.kind != "f":
        return tensors.identical(answer, eager)
    if not np.array_equal(np.isfinite(answer), np.isfinite(exact)):
        return False
    if rounded:
        return True
    finite = np.isfinite(exact)
    least = EPSILON * float(np.abs(exact[finite]).max(initial=0.0))
    noise = max(least, *(_distance(each, exact, finite) for each in known if each.shape == exact.shape))
    return _distance(answer, exact, finite) <= FARTHEST * noise


def _distance(array: tensors.Array, exact: tensors.Array, finite: Any) -> float:
    return float(np.abs(array[finite].astype(np.float64) - exact[finite]).max(initial=0.0))
