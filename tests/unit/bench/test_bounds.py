"""The lower bound of a run's wall time: the longest chain of needs, or the CPU seconds over the cores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bounds import Spent, critical_path_s, lower_bound_s, shares


def task(kind: str, wall_s: float, *needs: str, import_s: float = 0.0, load_s: float = 0.0) -> Spent:
    return Spent(kind=kind, needs=needs, wall_s=wall_s, import_s=import_s, load_s=load_s)


DIAMOND = {
    "reference": task("reference", 2.0, import_s=5.0),
    "short": task("export", 1.0, "reference", import_s=3.0),
    "long": task("export", 4.0, "reference"),
    "compare": task("compare", 0.5, "short", "long"),
}


def test_the_critical_path_is_the_longest_chain_with_its_first_import() -> None:
    assert critical_path_s(DIAMOND) == 5.0 + 2.0 + 4.0 + 0.5


def test_an_import_on_the_way_does_not_count_as_it_could_be_done_beside_the_chain() -> None:
    tasks = {"reference": task("reference", 2.0), "export": task("export", 1.0, "reference", import_s=100.0)}

    assert critical_path_s(tasks) == 3.0


def test_a_need_that_left_no_record_is_left_out() -> None:
    assert critical_path_s({"run": task("run", 1.5, "export that failed")}) == 1.5


def test_without_tasks_there_is_no_bound() -> None:
    assert critical_path_s({}) == 0.0


@pytest.mark.parametrize(("cpu_s", "cores", "expected"), [(8.0, 2, 11.5), (60.0, 2, 30.0), (60.0, 60, 11.5)])
def test_the_larger_of_both_bounds_counts(cpu_s: float, cores: int, expected: float) -> None:
    assert lower_bound_s(DIAMOND, cpu_s, cores) == expected


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.booleans())
def test_the_critical_path_is_between_the_longest_task_and_all_of_them(seconds: list[float], chained: bool) -> None:
    tasks = {str(i): task("run", wall_s, *([str(i - 1)] if chained and i else [])) for i, wall_s in enumerate(seconds)}

    expected = sum(seconds) if chained else max(seconds)
    assert critical_path_s(tasks) == pytest.approx(expected)


def test_shares_tell_imports_and_loading_apart_from_the_tasks() -> None:
    tasks = {**DIAMOND, "run": task("run", 1.0, "long", import_s=0.25, load_s=0.75)}

    assert shares(tasks) == {
        "import": 8.25,
        "reference": 2.0,
        "export": 5.0,
        "load": 0.75,
        "run": 0.25,
        "compare": 0.5,
    }
