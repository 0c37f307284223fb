"""Execution on a fake pool: what is asked, in which order, what is kept, and what a fault leaves."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.execution.executor import Execution
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.messages import Place, Reply, TaskName
from deploymatrix.host.pool import Pool
from deploymatrix.project.plan import Selection, Task, plan_cells, plan_tasks
from deploymatrix.store.claims import ClaimAbandoned
from tests.fakes.pool import FakePool
from tests.fakes.tree import Tree

NUMPY = Place("environment", "numpy")
RUNNERS = [Place("runner", name) for name in ("npz", "plain", "wrapped")]
FAILED = Reply("failed", "export", error={"type": "ValueError", "message": "no such operator", "traceback": ""})


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.totals: list[tuple[int, int]] = []
        self.begun: list[str] = []
        self.ended: dict[str, Result | None] = {}
        self.news: list[tuple[str, str]] = []
        self.when_planned: Callable[[], object] = lambda: None
        self.when_noted: Callable[[], object] = lambda: None

    def planned(self, total: int, cached: int) -> None:
        self.totals.append((total, cached))
        self.when_planned()

    def started(self, id_: str) -> None:
        self.begun.append(id_)

    def finished(self, id_: str, result: Result | None) -> None:
        self.ended[id_] = result

    def noted(self, id_: str, what: str) -> None:
        self.news.append((id_, what))
        self.when_noted()


def tasks_of(tree: Tree, *targets: str) -> dict[str, Task]:
    return plan_tasks(plan_cells(tree.project(), Selection(targets=targets)))


def execution(tree: Tree, pool: Pool, *, fresh: bool = False, heard: Heard | None = None) -> Execution:
    project = tree.project()
    context = StageContext.of(project, HostFacts(project, "process"))
    return Execution(context, pool, jobs=2, fresh=fresh, listener=heard or Heard())


def executed(tree: Tree, pool: Pool, *, fresh: bool = False) -> Execution:
    """An execution that has run all tasks of the tiny project."""
    made = execution(tree, pool, fresh=fresh)
    made.run(tasks_of(tree))
    return made


def outcomes(made: Execution) -> dict[str, str]:
    """By target: what its comparison says."""
    return {
        id_.rpartition(" ")[2]: result.entry.about["outcome"] if isinstance(result, Done) else result.outcome
        for id_, result in made.results.items()
        if id_.startswith("compare")
    }


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


def flip(path: Path) -> None:
    """Change a byte and leave size and times as they were."""
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_damaged_result_is_made_again_and_the_user_is_told(tree: Tree, tmp_path: Path) -> None:
    artifact = artifact_of(executed(tree, FakePool(tmp_path / "work")))
    flip(artifact)
    pool, heard = FakePool(tmp_path / "again"), Heard()
    made = execution(tree, pool, heard=heard)

    made.run(tasks_of(tree))

    assert outcomes(made) == {"npz": "passed", "plain": "passed", "wrapped": "passed"}
    assert pool.worked == [(NUMPY, "export")]
    assert artifact.read_text() == "an artifact"
    ((id_, news),) = heard.news
    assert id_ == "export linear numpy>npz fp32"
    assert "artifact changed after its manifest was written" in news and news.endswith("it is made again")


def test_what_is_damaged_while_the_run_is_under_way_is_not_vouched_for(tree: Tree, tmp_path: Path) -> None:
    made = executed(tree, FakePool(tmp_path / "work"))
    artifact_of(made).write_text("another artifact")

    made.check(tasks_of(tree))

    assert set(outcomes(made).values()) == {"load_failed"}
    kept = executed(tree, FakePool(tmp_path / "again"))
    assert set(outcomes(kept).values()) == {"passed"}


def test_two_executions_share_their_work(tree: Tree, tmp_path: Path) -> None:
    pools = [FakePool(tmp_path / "one"), FakePool(tmp_path / "other")]
    met = threading.Barrier(2)
    heard = [Heard(), Heard()]
    for each in heard:
        each.when_planned = met.wait
    both = [execution(tree, pool, heard=each) for pool, each in zip(pools, heard, strict=True)]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda made: made.run(tasks_of(tree)), both))

    assert [outcomes(made) for made in both] == [{"npz": "passed", "plain": "passed", "wrapped": "passed"}] * 2
    worked = sorted(task for pool in pools for _, task in pool.worked)
    assert worked == ["export", "export", "reference", "run", "run", "run"]
    assert both[0].executed + both[1].executed == {"reference": 1, "export": 2, "run": 3, "compare": 3}


def test_who_waited_for_one_that_failed_does_it_itself(tree: Tree, tmp_path: Path) -> None:
    heard, waits = Heard(), threading.Event()
    heard.when_noted = waits.set
    under_way = threading.Event()

    def hold(place: Place, task: TaskName) -> None:
        under_way.set()
        assert waits.wait(20), "nobody waits"

    fault = {("export", "npz"): replace(FAILED, status="timed_out")}
    first = execution(tree, FakePool(tmp_path / "one", faults=fault, before=hold))
    other = execution(tree, FakePool(tmp_path / "other"), heard=heard)

    with ThreadPoolExecutor(2) as threads:
        ended = threads.submit(first.run, tasks_of(tree, "npz"))
        assert under_way.wait(20)
        other.run(tasks_of(tree, "npz"))
        ended.result()

    assert (outcomes(first), outcomes(other)) == ({"npz": "timed_out"}, {"npz": "passed"})
    assert (other.executed["reference"], other.executed["export"]) == (0, 1)
    assert heard.news[0] == ("reference linear", "waits for another run, which is at it")


def test_what_another_run_found_to_be_read_is_looked_for(tree: Tree, tmp_path: Path) -> None:
    extra = tree.write("shared/weights.bin", "1")
    os.utime(extra, (0, 0))
    first, other = FakePool(tmp_path / "one", reads=[str(extra)]), FakePool(tmp_path / "other", reads=[str(extra)])
    late = execution(tree, other)  # knows nothing of what the first one is about to find

    executed(tree, first)
    late.run(tasks_of(tree))

    assert other.worked == []


def test_an_interrupted_execution_waits_for_nobody(tree: Tree, tmp_path: Path) -> None:
    under_way, over = threading.Event(), threading.Event()

    def hold(place: Place, task: TaskName) -> None:
        under_way.set()
        assert over.wait(20)

    first = execution(tree, FakePool(tmp_path / "one", before=hold))
    heard = Heard()
    other = execution(tree, FakePool(tmp_path / "other"), heard=heard)
    heard.when_noted = other.end

    with ThreadPoolExecutor(2) as threads:
        ended = threads.submit(first.run, tasks_of(tree))
        assert under_way.wait(20)
        with pytest.raises(ClaimAbandoned):
            other.run(tasks_of(tree))
        over.set()
        ended.result()


def artifact_of(made: Execution) -> Path:
    exported = made.results["export linear numpy>npz fp32"]
    assert isinstance(exported, Done)
    return exported.entry.files / "artifact"


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
