"""The schedule: jobs in the order of their needs, as wide as cores and memory allow, the longest way first."""

from __future__ import annotations

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
        self._rank = _ways_to_the_end(jobs, self._needed_by)
        self._ready = sorted((id_ for id_, needs in self._waiting.items() if not needs), key=self._order)
        self._running: set[str] = set()
        self.unfinished = len(jobs)

    def start(self, width: int) -> list[Job]:
        """The jobs to start now; they count as running."""
        started = []
        for id_ in list(self._ready):
            if len(self._running) >= width:
                break
            if self._running and self._memory_in_use() + self._jobs[id_].memory_mb > self._memory_mb:
                continue
            self._ready.remove(id_)
            self._running.add(id_)
            started.append(self._jobs[id_])
        assert self._running or not self.unfinished, f"jobs need each other: {sorted(self._waiting)}"
        return started

    def finish(self, id_: str) -> None:
        self._running.discard(id_)
        self.unfinished -= 1
        for dependent in self._needed_by[id_]:
            self._waiting[dependent].discard(id_)
            if not self._waiting[dependent]:
                self._ready.append(dependent)
        self._ready.sort(key=self._order)

    def _memory_in_use(self) -> int:
        return sum(self._jobs[id_].memory_mb for id_ in self._running)

    def _order(self, id_: str) -> tuple[float, str]:
        return (-self._rank[id_], id_)


def _ways_to_the_end(jobs: dict[str, Job], needed_by: dict[str, list[str]]) -> dict[str, float]:
    """Seconds from the start of each job to the end of the longest chain behind it."""
    ranks: dict[str, float] = {}
    stack = list(jobs)
    while stack:
        id_ = stack[-1]
        open_ = [d for d in needed_by[id_] if d not in ranks]
        if open_:
            stack.extend(open_)
            continue
        stack.pop()
        ranks[id_] = jobs[id_].seconds + max((ranks[d] for d in needed_by[id_]), default=0.0)
    return ranks
