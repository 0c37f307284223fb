"""The schedule: jobs in the order of their needs, as wide as cores and memory allow, the critical path first."""

from __future__ import annotations

import graphlib
import heapq
import queue
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something to call once all jobs that it needs were called. `seconds` and `memory_mb` are estimates."""

    id: str
    needs: tuple[str, ...]
    call: Callable[[], None]
    seconds: float
    memory_mb: int


def run_jobs(jobs: Iterable[Job], *, width: int, memory_mb: int, interrupt: Callable[[], None]) -> None:
    """Call every job once; at most `width` at a time, and within `memory_mb` unless one alone is larger.

    An exception in a job, or Ctrl-C, calls `interrupt` (which must make running jobs return soon), starts nothing
    more, waits for what is running, and is raised again.
    """
    by_id = {job.id: job for job in jobs}
    board = _Board(by_id, memory_mb)
    finished: queue.SimpleQueue[tuple[str, Future[None]]] = queue.SimpleQueue()
    with ThreadPoolExecutor(max_workers=width) as pool:
        try:
            while board.unfinished:
                for job in board.start(width):
                    future = pool.submit(job.call)
                    future.add_done_callback(lambda f, name=job.id: finished.put((name, f)))  # type: ignore[misc]
                name, future = finished.get()
                future.result()
                board.finish(name)
        except BaseException:
            interrupt()
            raise


class _Board:
    """Which jobs wait, which are ready, which run."""

    def __init__(self, jobs: dict[str, Job], memory_mb: int) -> None:
        self._jobs = jobs
        self._memory_mb = memory_mb
        self._waiting = {id_: {n for n in job.needs if n in jobs} for id_, job in jobs.items()}
        self._needed_by: dict[str, list[str]] = {id_: [] for id_ in jobs}
        for id_, needs in self._waiting.items():
            for need in needs:
                self._needed_by[need].append(id_)
        self._rank = _remaining_seconds(jobs, self._needed_by)
        self._ready = [self._order(id_) for id_, needs in self._waiting.items() if not needs]
        heapq.heapify(self._ready)
        self._running: set[str] = set()
        self.unfinished = len(jobs)

    def start(self, width: int) -> list[Job]:
        """Return the jobs to start now, those with the longest chain behind them first; they count as running."""
        started, too_large = [], []
        while self._ready and len(self._running) < width:
            entry = heapq.heappop(self._ready)
            job = self._jobs[entry[1]]
            if self._running and self._memory_in_use() + job.memory_mb > self._memory_mb:
                too_large.append(entry)
                continue
            self._running.add(job.id)
            started.append(job)
        for entry in too_large:
            heapq.heappush(self._ready, entry)
        assert self._running or not self.unfinished, f"jobs need each other: {sorted(self._waiting)}"
        return started

    def finish(self, id_: str) -> None:
        """Mark the job as done: those that waited only for it are ready."""
        self._running.discard(id_)
        self.unfinished -= 1
        for dependent in self._needed_by[id_]:
            self._waiting[dependent].discard(id_)
            if not self._waiting[dependent]:
                heapq.heappush(self._ready, self._order(dependent))

    def _memory_in_use(self) -> int:
        return sum(self._jobs[id_].memory_mb for id_ in self._running)

    def _order(self, id_: str) -> tuple[float, str]:
        return (-self._rank[id_], id_)


def _remaining_seconds(jobs: dict[str, Job], needed_by: dict[str, list[str]]) -> dict[str, float]:
    """Return for each job the seconds from its start to the end of the longest chain behind it.

    The largest is the length of the critical path. Raise graphlib.CycleError when jobs need each other.
    """
    ranks: dict[str, float] = {}
    for id_ in graphlib.TopologicalSorter(needed_by).static_order():
        ranks[id_] = jobs[id_].seconds + max((ranks[dependent] for dependent in needed_by[id_]), default=0.0)
    return ranks
