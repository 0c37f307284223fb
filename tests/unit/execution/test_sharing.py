"""The store during a run: what is damaged is made again, and several runs share their work."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.host.messages import Place, TaskName
from deploymatrix.store.claims import ClaimAbandoned
from tests.fakes.executions import FAILED, NUMPY, Heard, artifact_of, executed, execution, outcomes, tasks_of
from tests.fakes.pool import FakePool
from tests.fakes.tree import Tree


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
