"""`run --explain-plan`: for each task whether its result is in the store, and if not, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.notes import LastKeys
from deploymatrix.execution.stages import dispatch
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.project.plan import Task
from deploymatrix.store.entries import Entry


@dataclass(frozen=True, kw_only=True)
class TaskExplanation:
    """Whether one task is cached, and why not."""

    task: str
    cached: bool
    reason: str


def explain_plan(context: StageContext, tasks: Mapping[str, Task]) -> Iterator[TaskExplanation]:
    """Explain every task, each after those that it needs. Nothing is executed."""
    last = LastKeys(context.project.build)
    entries: dict[str, Entry] = {}
    failed: set[str] = set()
    for task in tasks.values():
        if any(need in failed for need in task.needs):
            failed.add(task.id)
            yield TaskExplanation(task=task.id, cached=True, reason="what it needs failed, and that is kept")
            continue
        waits_for = next((need for need in task.needs if need not in entries), None)
        if waits_for is not None:
            yield TaskExplanation(task=task.id, cached=False, reason=f"waits for: {waits_for}")
            continue
        key = dispatch.key_of(context, Needs(task, entries))
        entry = context.store.get(dispatch.kind_of(task), key.digest)
        damage = context.store.damage(entry) if entry is not None else None
        if damage is not None:
            yield TaskExplanation(task=task.id, cached=False, reason=damage)
        elif entry is not None:
            entries[task.id] = entry
            yield TaskExplanation(task=task.id, cached=True, reason="")
        elif context.store.get("failures", key.digest) is not None:
            failed.add(task.id)
            yield TaskExplanation(task=task.id, cached=True, reason="it failed, and that is kept")
        else:
            yield TaskExplanation(task=task.id, cached=False, reason=_why(context, task, key, last))


def _why(context: StageContext, task: Task, key: Key, last: LastKeys) -> str:
    before = last.get(task.id)
    if before is None:
        return "never done"
    entry = context.store.get(dispatch.kind_of(task), before) or context.store.get("failures", before)
    if entry is None:
        return "its result is not kept, or was removed"
    return f"changed: {', '.join(key.changes_since(entry.record.made_from))}"
