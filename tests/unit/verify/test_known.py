"""What is recorded and said of inputs."""

from __future__ import annotations

import numpy as np

from deploymatrix.verify.artifacts import Lookup, Slot
from deploymatrix.verify.known import InputsRecord, drawn_inputs, given_inputs
from deploymatrix.verify.ranges import Range, plan_draws
from deploymatrix.verify.telling import first_line, input_lines, warnings

TOKENS = ("a.onnx", Lookup(input="ids", table="token.weight", rows=256))
IDS = Slot(dtype="int64", shape=(1, 16))


def given(*ids: list[int], **ranges: Range) -> InputsRecord:
    return given_inputs([{"ids": np.array(values)} for values in ids], ranges, [TOKENS], [])


def drawn(lookups: list[tuple[str, Lookup]], values: list[int], **ranges: Range) -> InputsRecord:
    return drawn_inputs([{"ids": np.array(values)}] * 4, plan_draws({"ids": IDS}, ranges, lookups), lookups, [])


def test_rows_are_counted_once_and_from_the_end_where_negative() -> None:
    record = given([0, 5, 5], [-1, 255, 300])
    assert [(entry.rows, entry.touched) for entry in record.lookups] == [(256, 3)]


def test_given_inputs_say_what_they_hold() -> None:
    record = given([3, 9], [9, 17], ids=Range(0, 20))
    entry = record.inputs[0]
    assert record.knowledge == "given"
    assert (entry.values, entry.low, entry.high, entry.known_by) == ("given", 0, 20, "--range ids")
    assert (entry.smallest, entry.largest, entry.distinct) == (3, 17, 3)


def test_inputs_are_known_by_a_lookup_or_a_range_and_else_blind() -> None:
    assert drawn([TOKENS], [0, 1]).knowledge == "known"
    assert drawn([], [0, 1], ids=Range(0, 2)).knowledge == "known"
    assert drawn([], [0, 1]).knowledge == "blind"


def test_the_first_line_says_what_was_proved() -> None:
    record = drawn([TOKENS], list(range(256)))
    assert first_line("passed", None, "", record) == (
        "passed on 4 samples, inputs: known (ids: 0..255, 100 % of token.weight touched)"
    )


def test_a_blind_pass_is_never_a_plain_one() -> None:
    record = drawn([], [0, 1])
    assert first_line("passed", None, "", record) == (
        "passed on 4 samples, inputs: blind (ids: 0..1, drawn without a range)"
    )
    assert "give --range ids=LOW:HIGH" in next(warnings(record))


def test_a_row_that_is_missing_is_never_100_per_cent() -> None:
    lookup = ("a.onnx", Lookup(input="ids", table="t", rows=100_000))
    record = drawn([lookup], list(range(99_999)))
    assert "99.9 % of t touched" in first_line("passed", None, "", record)


def test_a_failure_says_its_stage_and_reason_first() -> None:
    line = first_line("mismatch", "compare", "y: too far", given([1]))
    assert line.startswith("mismatch in stage compare: y: too far (1 sample, inputs: given")
    assert first_line("load_failed", "load", "no file", None) == "load_failed in stage load: no file"


def test_each_input_has_a_line_with_its_range() -> None:
    lines = list(input_lines(drawn([TOKENS], [0, 9, 255])))
    assert lines == [
        "  ids: int64[3], integers 0..255 (from the rows of token.weight), 3 of 256 different",
        "  token.weight in a.onnx, looked up by ids: 3 of 256 rows touched (1.17 %)",
    ]


def test_one_sample_does_not_show_whether_answers_depend_on_the_inputs() -> None:
    assert ["one sample" in text for text in warnings(given([1]))] == [True]
    assert list(warnings(given([1], [2]))) == []


def test_a_graph_that_could_not_be_followed_is_told() -> None:
    record = given_inputs([{"x": np.ones(2)}] * 2, {}, [], ["a.onnx: KeyError: 'axis'"])
    assert list(warnings(record)) == [
        "the graph could not be followed, so its lookups are unknown: a.onnx: KeyError: 'axis'"
    ]
