"""Outputs judged slice by slice: what one figure for a whole output let pass, and what it blamed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deploymatrix.numerics.compare import Comparison
from deploymatrix.numerics.judging import judged, stacked
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.model_specs import Tensor

LIMITS = Limits(multiple=12, floor=2e-6, ceiling=5e-4)
GENERATOR = np.random.default_rng(7)
BOXES = np.concatenate([GENERATOR.uniform(5, 685, (4, 1, 4, 50)), GENERATOR.uniform(0, 0.9, (4, 1, 20, 50))], axis=2)
LOGITS = GENERATOR.standard_normal((4, 1, 6, 10)) * 3


def compared(actual: Any, exact: Any, *eager: Any, limits: Limits = LIMITS) -> Comparison:
    """One output `y`; all arrays are [samples, *shape]. Eager is what float32 makes of the reference, if not given."""
    narrow = [np.asarray(answer, "float32") for answer in eager or (exact,)]
    declared = Tensor.model_construct(name="y", dtype="float32", shape=np.shape(exact)[1:])
    stack = stacked([*np.asarray(actual, "float32")], [*np.asarray(exact, "float64")], [[*own] for own in narrow])
    figures, unjudged = judged(declared, stack, limits)
    outcome = "reference_failed" if unjudged else "mismatch" if figures.problem else "passed"
    return Comparison(outcome=outcome, detail=figures.problem or "", outputs=(figures,))  # type: ignore[arg-type]


def off_by(exact: Any, relative: float, seed: int = 0) -> Any:
    """What float32 arithmetic with that much noise in each element would answer."""
    return exact * (1 + relative * np.random.default_rng(seed).uniform(-1, 1, exact.shape))


@pytest.mark.parametrize("factor", [0.99, 0.999])
def test_scores_that_are_all_off_are_seen_beside_boxes(factor: float) -> None:
    wrong = BOXES.copy()
    wrong[:, :, 4:] *= factor

    found = compared(wrong, BOXES, off_by(BOXES, 3e-7))

    assert found.outcome == "mismatch"
    (output,) = found.outputs
    assert output.worst is not None and output.worst.axis == 1 and output.worst.index >= 4  # type: ignore[operator]
    assert f"axis 1, slice {output.worst.index}" in found.detail


def test_boxes_and_scores_that_are_right_pass() -> None:
    found = compared(off_by(BOXES, 6e-7, seed=1), BOXES, off_by(BOXES, 3e-7))

    assert found.outcome == "passed"
    assert found.outputs[0].headroom is not None and found.outputs[0].headroom < 0.5


@pytest.mark.parametrize("mask", [-1e4, -65504.0, -1e9, float(np.finfo("float32").min), -np.inf])
def test_masked_logits_of_weights_that_are_zero_are_seen(mask: float) -> None:
    masked = LOGITS.copy()
    masked[..., 6:] = mask
    zeroed = np.where(masked == mask, mask, 0.0)

    assert compared(masked, masked).outcome == "passed"
    assert compared(zeroed, masked).outcome == "mismatch"


def test_a_mask_that_float64_writes_with_its_own_least_value_is_the_dtypes() -> None:
    wide, narrow = LOGITS.copy(), LOGITS.copy()
    wide[..., 6:], narrow[..., 6:] = np.finfo("float64").min, np.finfo("float32").min

    assert compared(narrow, wide, narrow).outcome == "passed"
    assert compared(np.where(narrow < -1e30, narrow, 0), wide, narrow).outcome == "mismatch"


def test_a_mask_in_another_place_is_seen() -> None:
    masked, moved = LOGITS.copy(), LOGITS.copy()
    masked[..., 6:], moved[..., 5:9] = -1e9, -1e9

    assert compared(moved, masked).outcome == "mismatch"


@pytest.mark.parametrize("off", [1.16e-5, 1.44e-5, 1.53e-5])
def test_nobody_is_blamed_for_what_eager_itself_is_off_by(off: float) -> None:
    """A detector and a network with squeeze-and-excite: eager was worse than the runtimes, and they were red."""
    exact = GENERATOR.standard_normal((4, 1, 8, 10))
    top = np.abs(exact).max(axis=(1, 2, 3), keepdims=True)
    eager = exact + 1.56e-5 * top * np.random.default_rng(1).uniform(-1, 1, exact.shape)
    actual = exact + off * top * np.random.default_rng(2).uniform(-1, 1, exact.shape)

    found = compared(actual, exact, eager)

    assert found.outcome == "passed", found.detail


def test_beyond_the_ceiling_it_is_the_reference_that_fails() -> None:
    found = compared(LOGITS, LOGITS, off_by(LOGITS, 1e-3))

    assert found.outcome == "reference_failed"
    assert "too ill-conditioned to judge: eager float32 is off by 0.000" in found.detail


def test_a_models_own_limit_holds_for_slices_too() -> None:
    eager, actual = off_by(LOGITS, 4e-6), off_by(LOGITS, 3e-5, seed=3)
    strict = Limits(multiple=12, floor=2e-6, ceiling=5e-4, error=5e-6)

    assert compared(actual, LOGITS, eager).outcome == "passed"
    assert compared(actual, LOGITS, eager, limits=strict).outcome == "mismatch"


def test_an_own_limit_below_eager_blames_nobody() -> None:
    strict = Limits(multiple=12, floor=2e-6, ceiling=5e-4, error=3e-6)

    found = compared(LOGITS, LOGITS, off_by(LOGITS, 1e-4), limits=strict)

    assert found.outcome == "reference_failed"
    assert "over the limit 3e-06; no exporter can be blamed" in found.detail


@pytest.mark.parametrize("change", ["one element", "one channel", "a layer's epsilon", "a small sample"])
def test_what_is_wrong_in_one_place_is_seen(change: str) -> None:
    exact, wrong = LOGITS.copy(), LOGITS.copy()
    if change == "one element":
        wrong[2, 0, 3, 4] *= 2
    elif change == "one channel":
        wrong[..., 7] *= 1.001
    elif change == "a layer's epsilon":
        wrong *= 1 - 7.1e-6
    else:
        exact[1] /= 1000
        wrong = exact.copy()
        wrong[1] *= 1.001

    assert compared(wrong, exact, off_by(exact, 4e-7)).outcome == "mismatch"


def test_the_record_says_where() -> None:
    wrong = LOGITS.copy()
    wrong[2, 0, 3, 4] += 1

    worst = compared(wrong, LOGITS).outputs[0].worst

    assert worst is not None
    assert (worst.sample, worst.position) == (2, (0, 3, 4))
    assert worst.axis is not None and worst.position[worst.axis] == worst.index
    assert worst.share == pytest.approx(worst.error / worst.limit)
    assert worst.heat_axis == worst.axis and len(worst.heat) == LOGITS.shape[1 + worst.axis]
    assert max(worst.heat) == worst.heat[worst.index]  # type: ignore[index]
    assert max(worst.heat) > "g"  # over the limit


def test_a_long_axis_has_64_stretches_of_heat() -> None:
    exact = np.random.default_rng(0).standard_normal((4, 1, 1000))
    wrong = exact.copy()
    wrong[0, 0, 999] += 1

    worst = compared(wrong, exact).outputs[0].worst

    assert worst is not None and len(worst.heat) == 63  # of 16 elements each; the last is shorter
    assert worst.heat[-1] == max(worst.heat) > "g" > worst.heat[-2]


OPERATIONS = {
    "none": lambda y: y,
    "relu": lambda y: np.maximum(y, 0),
    "sigmoid": lambda y: 1 / (1 + np.exp(-y)),
    "softmax": lambda y: _softmax(y),
    "nearly one-hot": lambda y: _softmax(y * y.dtype.type(20)),
    "layer norm": lambda y: _centred(y) / np.sqrt((_centred(y) ** 2).mean(-1, keepdims=True) + y.dtype.type(1e-5)),
    "centred": lambda y: _centred(y),
}


def _softmax(y: Any) -> Any:
    powers = np.exp(y - y.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _centred(y: Any) -> Any:
    return y - y.mean(-1, keepdims=True)


def _added(x: Any, weights: Any, block: int) -> Any:
    """A product of matrices, of which the sums are added up block by block."""
    parts = range(0, len(weights), block)
    return sum((x[..., at : at + block] @ weights[at : at + block] for at in parts), start=x.dtype.type(0))


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    shape=st.sampled_from([(1, 10), (1, 64), (1, 300), (1, 8, 32), (1, 3)]),
    operation=st.sampled_from(sorted(OPERATIONS)),
    varied=st.sampled_from([1.0, 0.1, 0.02]),
)
def test_another_order_of_summation_never_fails(
    seed: int, shape: tuple[int, ...], operation: str, varied: float
) -> None:
    """Elements near zero, behind a ReLU or cancelled, and eager values that are right by luck cry no wolf."""
    generator, after = np.random.default_rng(seed), OPERATIONS[operation]
    x = generator.standard_normal((1, *shape[:-1], 64)) + varied * generator.standard_normal((4, *shape[:-1], 64))
    first, second = generator.standard_normal((64, 48)) / 8, generator.standard_normal((48, shape[-1])) / 7
    order = generator.permutation(64)

    def network(dtype: str, block: int, order: Any = slice(None)) -> Any:
        x_, first_, second_ = (array.astype("float32").astype(dtype) for array in (x, first, second))
        return after(_added(np.maximum(_added(x_[..., order], first_[order], block), 0), second_, block))

    exact, eager = network("float64", 64), [network("float32", block) for block in (64, 32)]
    sizes = np.abs(exact).max(axis=tuple(range(1, exact.ndim)))
    assume(sizes.min() > 0.01 * sizes.max())  # a sample that vanishes as a whole: see the next test

    found = compared(network("float32", 16, order), exact, *eager)

    assert found.outcome == "passed", found.detail


def test_a_sample_that_vanishes_as_a_whole_is_too_ill_conditioned_to_judge() -> None:
    """It has no scale but its rounding; that is told as such, and no runtime is blamed."""
    exact = np.ones((4, 1, 3))
    exact[3] = (0, 1e-3, 0)
    eager = exact.astype("float32")
    eager[3] = (0, 1e-3 + 1e-7, 0)

    found = compared(eager, exact, eager)

    assert (found.outcome, "too ill-conditioned to judge" in found.detail) == ("reference_failed", True)
