"""The classes of a diff, and what counts as noise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.matrix.diff import Diff, diff, is_unchanged
from deploymatrix.matrix.snapshots import CellState, States
from deploymatrix.report.changes import lines, markdown

PASSED = CellState(outcome="passed", bytes=1_000_000, headroom=0.2, run_s=2e-3, eager_s=1e-3)
BROKEN = CellState(outcome="mismatch", stage="compare", blame="onnx/from_torch", bytes=1_000_000)


def states(selection: tuple[str, ...] = (), **cells: CellState) -> States:
    return States(generator="x", isolation="process", selection=selection, cells=cells)


def only(found: Diff) -> tuple[str, tuple[str, ...]]:
    [cell] = found.cells
    return cell.change, cell.reasons


@pytest.mark.parametrize(
    ("before", "after", "change", "reason"),
    [
        (PASSED, BROKEN, "regressed", "passed → mismatch in stage compare, blamed on onnx/from_torch"),
        (BROKEN, PASSED, "fixed", "mismatch in stage compare, blamed on onnx/from_torch → passed"),
        (PASSED, PASSED.model_copy(update={"over_budget": True}), "regressed", "passed → over budget"),
        (PASSED.model_copy(update={"over_budget": True}), PASSED, "fixed", "over budget → passed"),
        (BROKEN, BROKEN.model_copy(update={"blame": "tfjs/from_x"}), "changed", "blamed on tfjs/from_x"),
        (
            PASSED,
            PASSED.model_copy(update={"bytes": 1_100_000}),
            "changed",
            "size 1,000,000 → 1,100,000 bytes (+10.0%)",
        ),
        (PASSED, PASSED.model_copy(update={"run_s": 4e-3}), "changed", "latency 2 → 4 times eager (+100.0%)"),
        (PASSED, PASSED.model_copy(update={"headroom": 0.9}), "changed", "headroom 0.2 → 0.9 of the limit"),
    ],
)
def test_a_change_has_its_class_and_its_words(before: CellState, after: CellState, change: str, reason: str) -> None:
    found, reasons = only(diff(states(a=before), states(a=after)))

    assert found == change
    assert reason in reasons[0]


@pytest.mark.parametrize(
    "update",
    [{}, {"bytes": 1_004_000}, {"run_s": 2.6e-3}, {"headroom": 0.25}, {"run_s": 4e-3, "eager_s": 2e-3}],
    ids=["nothing", "a few bytes", "a slower moment", "another order of adding", "a slower machine"],
)
def test_noise_is_no_change(update: dict[str, Any]) -> None:
    assert only(diff(states(a=PASSED), states(a=PASSED.model_copy(update=update)))) == ("unchanged", ())


def test_seconds_are_compared_where_eager_was_not_measured() -> None:
    before, after = (PASSED.model_copy(update={"eager_s": None, "run_s": seconds}) for seconds in (1e-3, 2e-3))

    assert only(diff(states(a=before), states(a=after))) == ("changed", ("latency 0.001 → 0.002 s (+100.0%)",))


def test_cells_of_one_side_are_added_and_removed() -> None:
    found = diff(states(a=PASSED), states(b=PASSED))

    assert {cell.cell: cell.change for cell in found.cells} == {"a": "removed", "b": "added"}


def test_what_a_selection_left_out_is_neither_removed_nor_added() -> None:
    both = {"a": PASSED, "b": PASSED}

    assert [cell.cell for cell in diff(states(**both), states(("-t x",), a=PASSED)).cells] == ["a"]
    assert [cell.cell for cell in diff(states(("-t x",), a=PASSED), states(**both)).cells] == ["a"]


def test_a_cell_without_a_result_is_missing_and_not_a_regression() -> None:
    found = diff(states(a=PASSED), states(a=CellState(outcome="missing", stage="plan")))

    assert (found.cells, found.missing) == ((), ("a",))
    assert list(lines(found)) == ["missing: a: no result", "1 missing"]


def test_the_json_has_both_sides_and_ratios() -> None:
    after = PASSED.model_copy(update={"bytes": 1_500_000, "run_s": 1e-3})

    [cell] = diff(states(a=PASSED), states(a=after)).as_dict()["cells"]

    assert (cell["size_ratio"], cell["latency_ratio"], cell["headroom_ratio"]) == (1.5, 0.5, 1.0)
    assert (cell["before"]["bytes"], cell["after"]["bytes"]) == (1_000_000, 1_500_000)


def test_markdown_escapes_names() -> None:
    text = markdown(diff(states(), states(**{"<script>|x/y/z": PASSED})))

    assert "<script>" not in text.replace("\\<script\\>", "")
    assert text.splitlines()[2].count("|") - text.splitlines()[2].count("\\|") == 4


ANY_STATE = st.builds(
    CellState,
    outcome=st.sampled_from(["passed", "mismatch", "crashed"]),
    stage=st.sampled_from([None, "run"]),
    bytes=st.none() | st.integers(1, 10**9),
    headroom=st.none() | st.floats(0, 1e6),
    run_s=st.none() | st.floats(1e-7, 1e3),
    eager_s=st.none() | st.floats(1e-7, 1e3),
)


@given(ANY_STATE)
def test_nothing_differs_from_itself(state: CellState) -> None:
    assert is_unchanged(state, state)


@given(ANY_STATE, ANY_STATE)
def test_what_regressed_one_way_is_fixed_the_other_way(one: CellState, other: CellState) -> None:
    opposite = {"regressed": "fixed", "fixed": "regressed", "changed": "changed", "unchanged": "unchanged"}
    there, _ = only(diff(states(a=one), states(a=other)))
    back, _ = only(diff(states(a=other), states(a=one)))

    if there in ("regressed", "fixed"):
        assert back == opposite[there]
    else:
        assert back not in ("regressed", "fixed")
