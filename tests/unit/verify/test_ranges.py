from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.artifacts import Lookup, Slot
from deploymatrix.verify.ranges import Draw, Range, plan_draws, read_ranges, require_inputs, require_within

IDS = Slot(dtype="int64", shape=(1, 4))


def planned(slot: Slot, *lookups: tuple[str, Lookup], **ranges: Range) -> Draw:
    return plan_draws({"x": slot}, ranges, lookups)["x"]


def table(rows: int, artifact: str = "a.onnx") -> tuple[str, Lookup]:
    return artifact, Lookup(input="x", table=f"table of {rows}", rows=rows)


def test_ranges_are_read() -> None:
    assert read_ranges(["ids=0:256", "a=b=-1.5:2e3"]) == {"ids": Range(0, 256), "a=b": Range(-1.5, 2000.0)}


@pytest.mark.parametrize(
    "option", ["ids", "ids=", "ids=3", "ids=0:0", "ids=2:1", "=0:1", "ids=a:b", "ids=0:1:2", "x=0:inf"]
)
def test_what_is_no_range_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match="write NAME=LOW:HIGH"):
        read_ranges([option])


def test_two_ranges_of_one_input_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="an earlier --range"):
        read_ranges(["ids=0:2", "ids=0:3"])


def test_a_range_of_no_input_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'ids'"):
        require_inputs({"idss": Range(0, 1)}, ["ids", "mask"])


def test_given_values_outside_of_the_range_are_refused() -> None:
    require_within({"ids": Range(0, 4)}, [{"ids": np.array([0, 3])}])
    with pytest.raises(ConfigurationError, match="from 0 to 4; HIGH itself is excluded"):
        require_within({"ids": Range(0, 4)}, [{"ids": np.array([0, 4])}])


def test_ids_are_drawn_over_the_rows_that_they_choose() -> None:
    draw = planned(IDS, table(256))
    assert (draw.values, draw.range, draw.known_by) == ("integers", Range(0, 256), "the rows of table of 256")


def test_the_smallest_table_of_the_first_artifact_counts() -> None:
    """A second artifact whose table is shorter must fail, not make the draw avoid what it lacks."""
    assert planned(IDS, table(256), table(100), table(7, "b.onnx")).range == Range(0, 100)
    assert planned(IDS, table(7, "b.onnx")).range == Range(0, 7)


def test_integers_of_which_nobody_tells_the_range_are_blind() -> None:
    draw = planned(IDS)
    assert (draw.range, draw.known_by) == (Range(0, 2), None)


@pytest.mark.parametrize(("dtype", "low", "high"), [("uint8", 0, 256), ("int8", -128, 128)])
def test_bytes_have_the_range_of_their_dtype(dtype: str, low: int, high: int) -> None:
    draw = planned(Slot(dtype=dtype, shape=(3,)))
    assert (draw.range, draw.known_by) == (Range(low, high), "its dtype")


def test_floats_and_booleans_need_no_range() -> None:
    for dtype, values in (("float32", "normal"), ("bool", "booleans")):
        draw = planned(Slot(dtype=dtype, shape=(3,)))
        assert (draw.values, draw.range, draw.known_by is None) == (values, None, False)


def test_what_the_user_says_counts_first() -> None:
    draw = planned(IDS, table(256), x=Range(1, 9))
    assert (draw.range, draw.known_by) == (Range(1, 9), "--range x")
    assert planned(Slot(dtype="float32", shape=(2,)), x=Range(0, 255)).values == "uniform"


@pytest.mark.parametrize("allowed", [Range(0, 2**40), Range(-(2**40), 0), Range(0.2, 0.8)])
def test_a_range_without_such_integers_is_refused(allowed: Range) -> None:
    with pytest.raises(ConfigurationError, match="int32 holds no such integers"):
        planned(Slot(dtype="int32", shape=(2,)), x=allowed)


@pytest.mark.parametrize("slot", [Slot(), Slot(dtype="float32"), Slot(dtype="float32", shape=(1, None))])
def test_what_the_artifact_does_not_tell_is_not_guessed(slot: Slot) -> None:
    with pytest.raises(ConfigurationError, match="give --inputs"):
        planned(slot)


def test_floats_that_choose_rows_are_whole_numbers() -> None:
    draw = planned(Slot(dtype="float32", shape=(1, 4)), table(256))
    assert (draw.values, draw.range, draw.known_by) == ("integers", Range(0, 256), "the rows of table of 256")


def test_booleans_may_have_a_range_of_their_own() -> None:
    assert planned(Slot(dtype="bool", shape=(3,)), x=Range(1, 2)).values == "integers"
    with pytest.raises(ConfigurationError, match="bool holds no such integers"):
        planned(Slot(dtype="bool", shape=(3,)), x=Range(0, 3))
