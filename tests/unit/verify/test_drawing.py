from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from deploymatrix.verify.artifacts import Lookup, Slot
from deploymatrix.verify.drawing import draw_inputs
from deploymatrix.verify.ranges import Range, plan_draws

FLOAT = Slot(dtype="float32", shape=(1, 4))


def drawn(
    slot: Slot, *, rows: int | None = None, range: Range | None = None, seed: int = 0, samples: int | None = None
) -> list[np.ndarray]:
    """An input's arrays, where it looks up in a table of `rows` rows, or has a range."""
    lookups = [] if rows is None else [("a.onnx", Lookup(input="x", table="t", rows=rows))]
    draws = plan_draws({"x": slot}, {} if range is None else {"x": range}, lookups)
    return [sample["x"] for sample in draw_inputs(draws, seed, samples)]


def ids(*shape: int) -> Slot:
    return Slot(dtype="int64", shape=shape)


def test_inputs_are_drawn_from_the_signature() -> None:
    slots = {
        "x": Slot(dtype="float16", shape=(None, 3)),
        "pixels": Slot(dtype="uint8", shape=(64,)),
        "ids": Slot(dtype="int64", shape=(2, 5)),
        "flag": Slot(dtype="bool", shape=()),
    }
    samples = draw_inputs(plan_draws(slots, {}, []), seed=7)
    assert len(samples) >= 4
    for sample in samples:
        assert {name: (a.dtype.name, a.shape) for name, a in sample.items()} == {
            "x": ("float16", (1, 3)),
            "pixels": ("uint8", (64,)),
            "ids": ("int64", (2, 5)),
            "flag": ("bool", ()),
        }
        assert set(np.unique(sample["ids"])) <= {0, 1}
    assert samples[0]["pixels"].max() > 127


def test_the_seed_decides_what_is_drawn() -> None:
    for slot, rows in ((FLOAT, None), (ids(1, 4), 9)):
        first, again, other = (np.stack(drawn(slot, rows=rows, seed=seed)) for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize(("rows", "length"), [(256, 16), (2, 1), (1, 3), (1000, 32), (7, 100), (64, 1), (5, 2)])
def test_every_row_of_a_lookup_is_touched(rows: int, length: int) -> None:
    samples = drawn(ids(1, length), rows=rows)
    assert 4 <= len(samples) <= 64
    assert set(np.concatenate(samples).ravel()) == set(range(rows))


def test_of_more_rows_than_fit_the_first_and_the_last_are_touched_and_none_twice_before_all_are() -> None:
    samples = drawn(ids(1, 16), rows=30_000)
    touched = np.concatenate(samples).ravel()
    assert len(samples) == 64
    assert {0, 29_999} <= set(touched)
    assert len(set(touched)) == 64 * 16


@pytest.mark.parametrize(("rows", "length"), [(256, 16), (16, 16), (32, 16), (200, 8)])
def test_a_sum_over_positions_would_tell_nearly_all_rows_apart(rows: int, length: int) -> None:
    """Two rows that every sample holds equally often can be swapped unseen in a bag of words."""
    counts = [Counter(sample.ravel().tolist()) for sample in drawn(ids(1, length), rows=rows)]
    signature = [tuple(count[row] for count in counts) for row in range(rows)]
    pairs = list(combinations(range(rows), 2))
    assert sum(signature[a] == signature[b] for a, b in pairs) / len(pairs) < 0.1


def test_the_users_range_counts_before_the_table() -> None:
    samples = drawn(ids(1, 8), rows=256, range=Range(10, 20))
    assert set(np.concatenate(samples).ravel()) == set(range(10, 20))


@pytest.mark.parametrize(("low", "high"), [(0, 2**62), (-5, 2**40)])
def test_of_a_wide_range_the_ends_are_drawn(low: int, high: int) -> None:
    values = set(np.concatenate(drawn(ids(1, 4), range=Range(low, high))).ravel().tolist())
    assert {low, high - 1} <= values
    assert all(low <= value < high for value in values)


def test_the_whole_range_of_a_dtype_can_be_drawn() -> None:
    for dtype in ("uint64", "int64", "int8"):
        limits = np.iinfo(dtype)
        whole = Range(int(limits.min), int(limits.max) + 1)
        values = np.concatenate(drawn(Slot(dtype=dtype, shape=(1, 8)), range=whole)).ravel()
        assert {values.min(), values.max()} == {limits.min, limits.max}


def test_floats_are_larger_in_some_samples_and_smaller_in_others() -> None:
    spread = [float(array.std()) for array in drawn(Slot(dtype="float32", shape=(1, 10_000)))]
    assert spread == pytest.approx([1, 4, 1, 0.25], rel=0.05)


def test_floats_with_a_range_are_uniform_in_it() -> None:
    values = np.concatenate(drawn(Slot(dtype="float32", shape=(1, 1000)), range=Range(10, 20)))
    assert 10 <= values.min() < 10.1 and 19.9 < values.max() <= 20


def test_the_user_may_say_how_many_samples() -> None:
    assert len(drawn(FLOAT, samples=2)) == 2
    assert len(drawn(ids(1, 1), rows=1000, samples=100)) == 100


def test_floats_that_choose_rows_touch_every_row() -> None:
    samples = drawn(Slot(dtype="float32", shape=(1, 8)), rows=30)
    assert samples[0].dtype == np.float32
    assert set(np.concatenate(samples).ravel()) == set(range(30))


def test_booleans_keep_to_their_range() -> None:
    samples = drawn(Slot(dtype="bool", shape=(2, 3)), range=Range(1, 2))
    assert all(array.dtype == bool and array.all() for array in samples)
