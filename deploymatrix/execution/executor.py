"""Execution of a plan: what is in the store is taken from there, the rest is scheduled on warm workers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from deploymatrix.errors import EnvironmentFailed
from deploymatrix.execution.keys import Key
from deploymatrix.execution.notes import Costs, LastKeys
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.schedule import Job, run_jobs
from deploymatrix.execution.stages import dispatch as stages
from deploymatrix.execution.stages.context import Bench
from deploymatrix.host.machine import memory_budget_mb
from deploymatrix.host.messages import Place
from deploymatrix.project.plan import Task
from deploymatrix.store.entries import Entry


class Listener(Protocol):
    """Who wants to know what happens. Called from several threads."""

    def planned(self, total: int, cached: int) -> None: ...
    def started(self, id_: str) -> None: ...
    def finished(self, id_: str, result: Result | None) -> None: ...


class Execution:
    """Results of tasks by id; `run` may be called again with further tasks (blame does)."""

    def __init__(self, bench: Bench, *, jobs: int, fresh: bool, listener: Listener) -> None:
        self.results: dict[str, Result] = {}
        self.executed: Counter[str] = Counter()
        self._bench = bench
        self._jobs = jobs
        self._fresh = fresh
        self._listener = listener
        self._costs = Costs(bench.project.build / "costs.json")
        self._last_keys = LastKeys(bench.project.build / "last-keys.json")
        self._keys: dict[str, Key] = {}
        self._broken: dict[Place, str] = {}
        self._open: Counter[Place] = Counter()
        self._lock = threading.Lock()

    def run(self, tasks: Mapping[str, Task]) -> None:
        """Decide every task that has no result yet; `tasks` lists each after those that it needs."""
        remaining = [task for task in tasks.values() if task.id not in self.results and not self._resolve(task)]
        self._listener.planned(len(tasks), len(tasks) - len(remaining))
        places = {task.id: stages.place_of(self._bench, task) for task in remaining}
        self._open = Counter(place for place in places.values() if place)
        jobs = [self._prepare_job(place) for place in self._open]
        jobs += [self._task_job(task, places[task.id]) for task in remaining]
        try:
            run_jobs(jobs, width=self._jobs, memory_mb=memory_budget_mb(), interrupt=self._bench.workshop.close_all)
        finally:
            self._costs.save()
            self._last_keys.save()

    def _resolve(self, task: Task) -> bool:
        """Whether the task is decided without doing anything: by a need that failed, or by the store."""
        needs = [self.results.get(need) for need in task.needs]
        failed = next((need for need in needs if isinstance(need, Failed)), None)
        kept = failed or (None if None in needs else self._kept(task))
        if kept is not None:
            self.results[task.id] = kept
        return kept is not None

    def _kept(self, task: Task) -> Result | None:
        """What the store has of a task whose needs are all done."""
        key = self._keys[task.id] = stages.key_of(self._bench, task, self._needs(task))
        self._last_keys.note(task.id, key.digest)
        if self._fresh:
            return None
        entry = self._bench.store.get(stages.KINDS[task.kind], key.digest)
        if entry is not None:
            del self._keys[task.id]
            return Done(entry=entry.slim(), cached=True)
        failure = self._bench.store.get("failures", key.digest)
        return _failed(failure.about, self._bench.project.build) if failure else None

    def _needs(self, task: Task) -> list[Entry]:
        return [need.entry for need in map(self.results.__getitem__, task.needs) if isinstance(need, Done)]

    def _task_job(self, task: Task, place: Place | None) -> Job:
        needs = (*task.needs, _prepare_id(place)) if place else task.needs
        return Job(
            id=task.id,
            needs=needs,
            call=lambda: self._decide(task, place),
            seconds=self._costs.seconds(task.id, task.kind),
            memory_mb=self._costs.memory_mb(task.id, task.kind),
        )

    def _decide(self, task: Task, place: Place | None) -> None:
        try:
            if not self._resolve(task):
                self._listener.started(task.id)
                self.results[task.id] = self._execute(task, place)
            self._listener.finished(task.id, self.results[task.id])
        finally:
            self._leave(place)

    def _execute(self, task: Task, place: Place | None) -> Result:
        if place in self._broken:
            return _no_environment(self._broken[place])
        key = self._keys.pop(task.id)
        try:
            result = stages.execute(self._bench, task, self._needs(task), key)
        except EnvironmentFailed as error:
            return _no_environment(str(error))
        with self._lock:
            self.executed[task.kind] += 1
        if isinstance(result, Done):
            self._costs.note(task.id, result.entry.record.measured)
            result = replace(result, entry=result.entry.slim())
        else:
            self._keep_failure(task, key, result)
        return result

    def _keep_failure(self, task: Task, key: Key, result: Failed) -> None:
        """Also forget an earlier success, which the next run would take for this one's result."""
        self._bench.store.drop(stages.KINDS[task.kind], key.digest)
        if result.lasting:
            about = _about(result, self._bench.project.build)
            self._bench.store.put("failures", key.digest, None, about=about, made_from=key.parts)

    def _leave(self, place: Place | None) -> None:
        """Stop a worker as soon as its last task is done."""
        if place is None:
            return
        with self._lock:
            self._open[place] -= 1
            last = self._open[place] == 0
        if last:
            self._bench.workshop.close(place)

    def _prepare_job(self, place: Place) -> Job:
        return Job(
            id=_prepare_id(place),
            needs=(),
            call=lambda: self._prepare(place),
            seconds=self._costs.seconds(_prepare_id(place), "prepare"),
            memory_mb=self._costs.memory_mb(_prepare_id(place), "prepare"),
        )

    def _prepare(self, place: Place) -> None:
        self._listener.started(_prepare_id(place))
        try:
            self._bench.workshop.prepare(place)
        except EnvironmentFailed as error:
            self._broken[place] = str(error)
        self._listener.finished(_prepare_id(place), None)


def _no_environment(detail: str) -> Failed:
    return Failed(outcome="environment_failed", stage="environment", detail=detail, lasting=False)


def _prepare_id(place: Place) -> str:
    return f"prepare {place}"


def _about(failed: Failed, build: Path) -> dict[str, Any]:
    log = failed.log.relative_to(build).as_posix() if failed.log else None
    return {**failed.__dict__, "log": log}


def _failed(about: dict[str, Any], build: Path) -> Failed:
    return Failed(**{**about, "log": build / about["log"] if about["log"] else None})
