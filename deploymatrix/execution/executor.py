"""Execution of a plan: what is in the store is taken from there, the rest is scheduled on warm workers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from deploymatrix.errors import EnvironmentFailed, PackagesFailed
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.notes import Costs, LastKeys
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.schedule import Job, run_jobs
from deploymatrix.execution.stages import dispatch
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.elsewhere import exported_only
from deploymatrix.host.machine import memory_budget_mb
from deploymatrix.host.messages import Place
from deploymatrix.host.pool import Pool
from deploymatrix.project.plan import Task
from deploymatrix.store.claims import Claims
from deploymatrix.store.files import refuse_a_full_disk

WAITS = "waits for another run, which is at it"


class Listener(Protocol):
    """Who wants to know what happens. Called from several threads."""

    def planned(self, total: int, cached: int) -> None: ...
    def started(self, id_: str) -> None: ...
    def finished(self, id_: str, result: Result | None) -> None: ...
    def noted(self, id_: str, what: str) -> None: ...


class Execution:
    """Results of tasks by id; `run` may be called again with further tasks (blame does)."""

    def __init__(self, context: StageContext, pool: Pool, *, jobs: int, fresh: bool, listener: Listener) -> None:
        self.results: dict[str, Result] = {}
        self.executed: Counter[str] = Counter()
        self._context = context
        self._pool = pool
        self._jobs = jobs
        self._fresh = fresh
        self._listener = listener
        self._costs = Costs(context.project.build)
        self._last_keys = LastKeys(context.project.build)
        self._keys: dict[str, Key] = {}
        self._broken: dict[Place, str] = {}
        self._told: set[tuple[str, str]] = set()
        self._open: Counter[Place] = Counter()
        self._claims = Claims(context.store.root)
        self._lock = threading.Lock()

    def run(self, tasks: Mapping[str, Task]) -> None:
        """Decide every task that has no result yet; `tasks` lists each after those that it needs."""
        remaining = [task for task in tasks.values() if task.id not in self.results and not self._resolve(task)]
        self._listener.planned(len(tasks), len(tasks) - len(remaining))
        places = {task.id: dispatch.place_of(self._context, task) for task in remaining}
        self._open = Counter(place for place in places.values() if place)
        jobs = [self._prepare_job(place) for place in self._open]
        jobs += [self._task_job(task, places[task.id]) for task in remaining]
        try:
            run_jobs(jobs, width=self._jobs, memory_mb=memory_budget_mb(), interrupt=self.end)
        finally:
            self._costs.save()
            self._last_keys.save()
            self._context.keys.reads.save()

    def check(self, tasks: Mapping[str, Task]) -> None:
        """Fail the tasks whose stored results are no longer what they were, and those that need them.

        Something may have written to the store while the run was under way: nothing of that is vouched for.
        """
        for task in tasks.values():
            result = self.results.get(task.id)
            if isinstance(result, Done):
                needs = [self.results.get(need) for need in task.needs]
                spoiled = next((need for need in needs if isinstance(need, Failed)), None)
                self.results[task.id] = dispatch.damaged(self._context, result.entry) or spoiled or result

    def end(self) -> None:
        """Let what is under way return soon, and begin nothing more."""
        self._claims.end()
        self._pool.close_all()

    def _resolve(self, task: Task) -> bool:
        """Decide the task by a need that failed, as none of this machine, or from the store; return whether it is."""
        needs = [self.results.get(need) for need in task.needs]
        known: Result | None = next((need for need in needs if isinstance(need, Failed)), None)
        if known is None and None not in needs:
            known = exported_only(self._context, task)  # whatever the store has of another machine
        if known is None and None not in needs:
            key = self._note_key(task)
            known = None if self._fresh else self._stored(task, key)
            if known is None:
                self._keys[task.id] = key
        if known is not None:
            self.results[task.id] = known
        return known is not None

    def _note_key(self, task: Task) -> Key:
        """Compute the key of a task whose needs are all done, and note it for the next run's explanation."""
        key = dispatch.key_of(self._context, self._needs(task))
        self._last_keys.note(task.id, key.digest)
        return key

    def _stored(self, task: Task, key: Key) -> Result | None:
        """Return what the store has under the key: a result, or a failure that would come out the same again.

        A result whose files are no longer what they were is none: it is made again.
        """
        entry = self._context.store.get(dispatch.kind_of(task), key.digest)
        if entry is not None:
            damage = self._context.store.damage(entry)
            if damage is None:
                return Done(entry=entry.slim(), cached=True)
            self._tell_once(task, f"{damage}; it is made again")
            return None
        failure = self._context.store.get("failures", key.digest)
        return _as_failed(failure.about, self._context.project.build) if failure else None

    def _needs(self, task: Task) -> Needs:
        done = {need: self.results[need] for need in task.needs}
        return Needs(task, {need: result.entry for need, result in done.items() if isinstance(result, Done)})

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
                self._decide_once(task, place)
            self._listener.finished(task.id, self.results[task.id])
        finally:
            self._leave(place)

    def _decide_once(self, task: Task, place: Place | None) -> None:
        """Execute the task, unless another run that wants the same result makes it meanwhile."""
        self._listener.started(task.id)
        with self._claims.claimed(self._keys[task.id].digest, lambda: self._tell_once(task, WAITS)):
            self._context.keys.reads.refresh(task.id)
            if not self._resolve(task):
                self.results[task.id] = self._execute(task, place)

    def _tell_once(self, task: Task, what: str) -> None:
        with self._lock:
            is_news = (task.id, what) not in self._told
            self._told.add((task.id, what))
        if is_news:
            self._listener.noted(task.id, what)

    def _execute(self, task: Task, place: Place | None) -> Result:
        if place in self._broken:
            return _no_environment(place, self._broken[place])
        key = self._keys.pop(task.id)
        try:
            result = dispatch.execute(self._context, self._pool, self._needs(task), key)
        except PackagesFailed as error:
            return _no_environment(None, str(error))
        except EnvironmentFailed as error:
            return _no_environment(place, str(error))
        key = self._note_key(task)  # with what the task turned out to read
        with self._lock:
            self.executed[task.kind] += 1
        if isinstance(result, Done):
            self._costs.note(task.id, result.entry.record.measured)
            result = replace(result, entry=result.entry.slim())
        else:
            self._keep_failure(task, key, result)
        return result

    def _keep_failure(self, task: Task, key: Key, failed: Failed) -> None:
        """Keep a failure that lasts. Forget an earlier success, which the next run would take for this one's result."""
        self._context.store.drop(dispatch.kind_of(task), key.digest)
        if failed.lasting:
            about = _as_record(failed, self._context.project.build)
            self._context.store.put("failures", key.digest, None, about=about, made_from=key.parts)

    def _leave(self, place: Place | None) -> None:
        """Stop a worker as soon as its last task is done."""
        if place is None:
            return
        with self._lock:
            self._open[place] -= 1
            last = self._open[place] == 0
        if last:
            self._pool.close(place)

    def _prepare_job(self, place: Place) -> Job:
        id_ = _prepare_id(place)
        return Job(
            id=id_,
            needs=(),
            call=lambda: self._prepare(place),
            seconds=self._costs.seconds(id_, "prepare"),
            memory_mb=self._costs.memory_mb(id_, "prepare"),
        )

    def _prepare(self, place: Place) -> None:
        self._listener.started(_prepare_id(place))
        try:
            self._pool.prepare(place)
        except EnvironmentFailed as error:
            refuse_a_full_disk(self._context.project.build)
            self._broken[place] = str(error)
        self._listener.finished(_prepare_id(place), None)


def _no_environment(place: Place | None, why: str) -> Failed:
    detail = f"{place} could not be made: {why}" if place else why
    return Failed(outcome="environment_failed", stage="environment", detail=detail, lasting=False)


def _prepare_id(place: Place) -> str:
    return f"prepare {place}"


def _as_record(failed: Failed, build: Path) -> dict[str, Any]:
    log = failed.log.relative_to(build).as_posix() if failed.log else None
    return {**asdict(failed), "log": log}


def _as_failed(about: dict[str, Any], build: Path) -> Failed:
    return Failed(**{**about, "log": build / about["log"] if about["log"] else None})
