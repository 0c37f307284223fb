"""Execution on a fake pool: what is asked, in which order, what is kept, and what a fault leaves."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.errors import PackagesFailed
from deploymatrix.execution.outcomes import Done, Failed
from deploymatrix.host.messages import Place, TaskName
from tests.fakes.executions import (
    FAILED,
    NUMPY,
    RUNNERS,
    Heard,
    artifact_of,
    executed,
    execution,
    outcomes,
    tasks_of,
)
from tests.fakes.pool import FakePool
from tests.fakes.tree import Tree


def test_every_task_is_decided_once(tree: Tree, tmp_path: Path) -> None:
    pool = FakePool(tmp_path / "work")

    made = executed(tree, pool)

    assert set(made.results) == set(tasks_of(tree))
    assert outcomes(made) == {"npz": "passed", "plain": "passed", "wrapped": "passed"}
    assert made.executed == {"reference": 1, "export": 2, "run": 3, "compare": 3}
    assert sorted(task for _, task in pool.worked) == ["export", "export", "reference", "run", "run", "run"]


def test_a_place_is_prepared_before_its_work_and_closed_after_its_last(tree: Tree, tmp_path: Path) -> None:
    pool = FakePool(tmp_path / "work")
    early: list[Place] = []
    late: list[Place] = []

    def watch(place: Place, task: TaskName) -> None:
        early.extend([place] if place not in pool.prepared else [])
        late.extend([place] if place in pool.closed else [])

    pool.before = watch
    executed(tree, pool)

    assert (early, late) == ([], [])
    assert sorted(pool.prepared) == sorted(pool.closed) == [NUMPY, *RUNNERS]


def test_a_second_execution_asks_nobody(tree: Tree, tmp_path: Path) -> None:
    executed(tree, FakePool(tmp_path / "work"))
    pool, heard = FakePool(tmp_path / "again"), Heard()
    made = execution(tree, pool, heard=heard)

    made.run(tasks_of(tree))

    assert outcomes(made) == {"npz": "passed", "plain": "passed", "wrapped": "passed"}
    assert (pool.prepared, pool.worked, made.executed) == ([], [], {})
    assert heard.totals == [(9, 9)]
    assert all(isinstance(result, Done) and result.cached for result in made.results.values())


def test_a_fresh_execution_takes_nothing_from_the_store(tree: Tree, tmp_path: Path) -> None:
    executed(tree, FakePool(tmp_path / "work"))
    pool = FakePool(tmp_path / "again")

    made = executed(tree, pool, fresh=True)

    assert made.executed == {"reference": 1, "export": 2, "run": 3, "compare": 3}


def test_what_has_a_result_is_not_done_again_by_a_later_call(tree: Tree, tmp_path: Path) -> None:
    pool, heard = FakePool(tmp_path / "work"), Heard()
    made = execution(tree, pool, heard=heard)

    made.run(tasks_of(tree, "npz"))
    made.run(tasks_of(tree, "npz", "plain"))

    assert sorted(task for _, task in pool.worked) == ["export", "reference", "run", "run"]
    assert heard.totals == [(4, 0), (6, 4)]


def test_what_needs_a_failed_task_fails_with_it_and_nothing_else_does(tree: Tree, tmp_path: Path) -> None:
    pool = FakePool(tmp_path / "work", faults={("export", "wrapped"): FAILED})

    made = executed(tree, pool)

    assert outcomes(made) == {"npz": "passed", "plain": "passed", "wrapped": "export_failed"}
    failed = made.results["compare linear numpy>npz>wrapped fp32 on wrapped"]
    assert isinstance(failed, Failed)
    assert (failed.stage, failed.blame, failed.detail) == (
        "export",
        "wrapped/from_npz",
        "ValueError: no such operator",
    )
    assert (Place("runner", "wrapped"), "run") not in pool.worked


def test_a_failure_of_a_model_or_a_runtime_blames_no_step(tree: Tree, tmp_path: Path) -> None:
    pool = FakePool(tmp_path / "work", faults={("run", "plain"): replace(FAILED, stage="run")})

    failed = executed(tree, pool).results["compare linear numpy>npz fp32 on plain"]

    assert isinstance(failed, Failed)
    assert (failed.outcome, failed.stage, failed.blame) == ("run_failed", "run", None)


def test_a_failure_that_lasts_is_kept(tree: Tree, tmp_path: Path) -> None:
    executed(tree, FakePool(tmp_path / "work", faults={("export", "wrapped"): FAILED}))
    pool = FakePool(tmp_path / "again")

    made = executed(tree, pool)

    assert outcomes(made)["wrapped"] == "export_failed"
    assert pool.worked == []


@pytest.mark.parametrize("status", ["timed_out", "out_of_memory"])
def test_a_failure_that_may_pass_is_tried_again(tree: Tree, tmp_path: Path, status: str) -> None:
    fault = replace(FAILED, status=status)
    executed(tree, FakePool(tmp_path / "work", faults={("export", "wrapped"): fault}))
    pool = FakePool(tmp_path / "again")

    made = executed(tree, pool)

    assert outcomes(made)["wrapped"] == "passed"
    assert sorted(pool.worked) == [(NUMPY, "export"), (Place("runner", "wrapped"), "run")]


def test_a_failure_forgets_an_earlier_success(tree: Tree, tmp_path: Path) -> None:
    executed(tree, FakePool(tmp_path / "work"))
    fault = replace(FAILED, status="timed_out")

    executed(tree, FakePool(tmp_path / "again", faults={("export", "wrapped"): fault}), fresh=True)
    pool = FakePool(tmp_path / "third")
    executed(tree, pool)

    assert (NUMPY, "export") in pool.worked


def test_an_answer_that_cannot_be_used_fails_in_its_stage(tree: Tree, tmp_path: Path) -> None:
    tree.change("models/linear/model.toml", 'name = "right"\ndtype = "float32"', 'name = "right"\ndtype = "float16"')

    made = executed(tree, FakePool(tmp_path / "work"))

    assert set(outcomes(made).values()) == {"reference_failed"}
    failed = made.results["reference linear"]
    assert isinstance(failed, Failed)
    assert "model.toml declares float16" in failed.detail


def test_a_place_that_cannot_be_made_fails_its_tasks_and_is_tried_again(tree: Tree, tmp_path: Path) -> None:
    broken = frozenset({Place("runner", "plain")})

    first = executed(tree, FakePool(tmp_path / "work", broken=broken))
    second = executed(tree, FakePool(tmp_path / "again"))

    assert outcomes(first) == {"npz": "passed", "plain": "environment_failed", "wrapped": "passed"}
    assert outcomes(second)["plain"] == "passed"
    assert second.executed == {"run": 1, "compare": 1}


def test_packages_that_cannot_be_laid_over_an_environment_are_not_blamed_on_it(tree: Tree, tmp_path: Path) -> None:
    why = "packages of linear over environment numpy could not be made: no such package"

    def lay_over(place: Place, task: TaskName) -> None:
        if task == "reference":
            raise PackagesFailed(why)

    made = executed(tree, FakePool(tmp_path / "work", before=lay_over))

    failed = made.results["reference linear"]
    assert isinstance(failed, Failed)
    assert (failed.outcome, failed.detail, failed.lasting) == ("environment_failed", why, False)


def test_a_damaged_need_fails_the_task_and_is_not_kept(tree: Tree, tmp_path: Path) -> None:
    artifact = artifact_of(executed(tree, FakePool(tmp_path / "work")))
    tree.append("targets/plain/run.py", "\nEXTRA = 1\n")
    heard = Heard()
    heard.when_planned = lambda: artifact.write_text("another artifact")
    made = execution(tree, FakePool(tmp_path / "again"), heard=heard)

    made.run(tasks_of(tree))

    failed = made.results["run linear numpy>npz fp32 on plain"]
    assert isinstance(failed, Failed)
    assert (failed.outcome, failed.lasting) == ("load_failed", False)
    assert "artifact changed after its manifest was written" in failed.detail


def test_an_error_of_our_own_ends_the_pool_and_keeps_what_was_done(tree: Tree, tmp_path: Path) -> None:
    pool = FakePool(tmp_path / "work")
    asked = threading.Event()

    def fail(place: Place, task: TaskName) -> None:
        if task == "run":
            asked.set()
            raise RuntimeError("a fault of the engine")

    pool.before = fail
    made = execution(tree, pool)

    with pytest.raises(RuntimeError, match="a fault of the engine"):
        made.run(tasks_of(tree))

    assert asked.is_set() and pool.over
    assert {"reference linear", "export linear numpy>npz fp32"} <= set(made.results)
    assert executed(tree, FakePool(tmp_path / "again")).executed["reference"] == 0


def test_the_listener_hears_of_each_task_that_is_done(tree: Tree, tmp_path: Path) -> None:
    heard = Heard()
    made = execution(tree, FakePool(tmp_path / "work"), heard=heard)

    made.run(tasks_of(tree))

    prepared = {f"prepare {place}" for place in [NUMPY, *RUNNERS]}
    assert set(heard.begun) == set(heard.ended) == set(made.results) | prepared
    assert {id_: result for id_, result in heard.ended.items() if result} == made.results
