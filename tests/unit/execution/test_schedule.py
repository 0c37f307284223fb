"""The schedule: every job once, after what it needs, never wider nor larger than allowed."""

from __future__ import annotations

import graphlib
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploymatrix.execution.schedule import Job, run_jobs


def job(
    id_: str, *needs: str, call: Callable[[], None] = lambda: None, seconds: float = 1.0, memory_mb: int = 1
) -> Job:
    return Job(id=id_, needs=needs, call=call, seconds=seconds, memory_mb=memory_mb)


class Watch:
    """Notes what starts and ends, and what runs at the same time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.order: list[str] = []
        self.ended: set[str] = set()
        self.running: dict[str, int] = {}
        self.widest = 0
        self.largest: list[dict[str, int]] = []
        self.early: list[str] = []

    def watched(self, job: Job) -> Job:
        def call() -> None:
            with self.lock:
                self.early += [need for need in job.needs if need not in self.ended]
                self.order.append(job.id)
                self.running[job.id] = job.memory_mb
                self.widest = max(self.widest, len(self.running))
                self.largest.append(dict(self.running))
            job.call()
            with self.lock:
                del self.running[job.id]
                self.ended.add(job.id)

        return Job(id=job.id, needs=job.needs, call=call, seconds=job.seconds, memory_mb=job.memory_mb)


def run(jobs: list[Job], *, width: int = 2, memory_mb: int = 100) -> Watch:
    watch = Watch()
    run_jobs([watch.watched(job) for job in jobs], width=width, memory_mb=memory_mb, interrupt=lambda: None)
    return watch


@st.composite
def graphs(draw: st.DrawFn) -> list[Job]:
    """Jobs of which each needs some of those before it, in any order."""
    number = draw(st.integers(1, 12))
    jobs = []
    for index in range(number):
        needs = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        jobs.append(
            job(
                str(index),
                *(str(need) for need in sorted(needs)),
                seconds=draw(st.floats(0, 10)),
                memory_mb=draw(st.integers(0, 60)),
            )
        )
    return draw(st.permutations(jobs))


@settings(max_examples=60)
@given(graphs(), st.integers(1, 4), st.integers(1, 100))
def test_every_job_once_after_its_needs_within_width_and_memory(jobs: list[Job], width: int, memory_mb: int) -> None:
    watch = run(jobs, width=width, memory_mb=memory_mb)

    assert sorted(watch.order) == sorted(job.id for job in jobs)
    assert watch.early == []
    assert watch.widest <= width
    assert all(len(together) == 1 or sum(together.values()) <= memory_mb for together in watch.largest)


def test_no_jobs_are_done_at_once() -> None:
    assert run([]).order == []


def test_the_longest_way_goes_first() -> None:
    jobs = [job("short"), job("long", seconds=5), job("start"), job("behind it", "start", seconds=9)]

    assert run(jobs, width=1).order == ["start", "behind it", "long", "short"]


def test_independent_jobs_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)

    run([job(name, call=lambda: meeting.wait() and None) for name in "abc"], width=3)

    assert not meeting.broken


def test_a_job_that_is_larger_than_the_memory_runs_alone() -> None:
    watch = run([job("huge", memory_mb=1000), job("a"), job("b")], width=3, memory_mb=10)

    assert sorted(watch.order) == ["a", "b", "huge"]
    assert all(len(together) == 1 for together in watch.largest if "huge" in together)


def test_jobs_that_need_each_other_are_refused() -> None:
    with pytest.raises(graphlib.CycleError):
        run([job("a", "b"), job("b", "a")])


class Trouble(Exception):
    pass


def test_an_exception_starts_nothing_more_and_is_raised() -> None:
    started: list[str] = []
    interrupted = threading.Event()

    def fail() -> None:
        raise Trouble("its fault")

    jobs = [
        job("bad", call=fail, seconds=9),
        job("next", call=lambda: started.append("next")),
        job("behind", "bad", call=lambda: started.append("behind")),
    ]

    with pytest.raises(Trouble, match="its fault"):
        run_jobs(jobs, width=1, memory_mb=10, interrupt=interrupted.set)

    assert started == []
    assert interrupted.is_set()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Trouble])
def test_an_interrupt_ends_what_runs_and_waits_for_it(error: type[BaseException]) -> None:
    ended: list[str] = []
    released = threading.Event()
    under_way = threading.Event()

    def long() -> None:
        under_way.set()
        assert released.wait(10), "interrupt() was not called"
        ended.append("long")

    def interrupt_the_run() -> None:
        assert under_way.wait(10)
        raise error

    jobs = [
        job("long", call=long, seconds=9),
        job("stop", call=interrupt_the_run),
        job("later", "long", call=lambda: ended.append("later")),
    ]

    with pytest.raises(error):
        run_jobs(jobs, width=2, memory_mb=10, interrupt=released.set)

    assert ended == ["long"]
