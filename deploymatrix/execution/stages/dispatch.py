"""The table of the stages, and what a task means by it: its place, its key, its question, its result.

A stage takes the results that its task needs, and gives an entry of the store or the failure that its cells get.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deploymatrix.errors import StoreCorrupted
from deploymatrix.execution.logs import stable_text
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import FAILED_IN, Failed, NativeTask, Result
from deploymatrix.execution.stages import (
    answer,
    compare,
    evaluate,
    export,
    gather,
    labelled,
    layers,
    reference,
    run,
    sample,
    score,
)
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.elsewhere import exported_only
from deploymatrix.host.messages import Place
from deploymatrix.host.pool import Pool
from deploymatrix.matrix.records import Stage
from deploymatrix.project.plan import Task, TaskKind
from deploymatrix.store.entries import Entry, Kind
from deploymatrix.store.files import refuse_a_full_disk


@dataclass(frozen=True, kw_only=True)
class NativeStage:
    """A stage that asks a worker: where, what, and what becomes of the answer.

    `kind`: of its entries. `blames_its_step`: a failure is the fault of the step that was at work.
    `reads`: what user code reads in it is part of its key.
    """

    name: NativeTask
    kind: Kind
    key: Callable[[StageContext, Needs], Key]
    place: Callable[[StageContext, Task], Place]
    question: Callable[[StageContext, Needs], Question]
    finish: Callable[[Answered, Needs], Result]
    blames_its_step: bool = False
    reads: bool = False


@dataclass(frozen=True, kw_only=True)
class HostStage:
    """A stage that the engine does by itself."""

    kind: Kind
    key: Callable[[StageContext, Needs], Key]
    do: Callable[[StageContext, Needs, Key], Result]


STAGES: dict[TaskKind, NativeStage | HostStage] = {
    "gather": HostStage(kind="samples", key=gather.key, do=gather.gather),
    "sample": NativeStage(
        name="sample",
        kind="samples",
        key=sample.key,
        place=reference.place,
        question=sample.question,
        finish=sample.finish,
        reads=True,
    ),
    "gather_labelled": HostStage(kind="samples", key=labelled.key, do=labelled.gather),
    "sample_labelled": NativeStage(
        name="sample",
        kind="samples",
        key=labelled.key,
        place=reference.place,
        question=labelled.question,
        finish=labelled.finish,
        reads=True,
    ),
    "reference": NativeStage(
        name="reference",
        kind="references",
        key=reference.key,
        place=reference.place,
        question=reference.question,
        finish=reference.finish,
        reads=True,
    ),
    "export": NativeStage(
        name="export",
        kind="artifacts",
        key=export.key,
        place=export.place,
        question=export.question,
        finish=export.finish,
        blames_its_step=True,
        reads=True,
    ),
    "run": NativeStage(name="run", kind="runs", key=run.key, place=run.place, question=run.question, finish=run.finish),
    "answer": NativeStage(
        name="run", kind="runs", key=answer.key, place=run.place, question=answer.question, finish=answer.finish
    ),
    "score": NativeStage(
        name="run", kind="runs", key=score.key, place=score.place, question=score.question, finish=score.finish
    ),
    "evaluate": NativeStage(
        name="run",
        kind="runs",
        key=evaluate.key,
        place=evaluate.place,
        question=evaluate.question,
        finish=evaluate.finish,
    ),
    "layers": NativeStage(
        name="export",
        kind="runs",
        key=layers.key,
        place=export.place,
        question=lambda context, needs: layers.question(context, needs, export.question(context, needs)),
        finish=layers.finish,
        reads=True,
    ),
    "compare": HostStage(kind="cells", key=compare.key, do=compare.compare),
}


def kind_of(task: Task) -> Kind:
    """Return the kind of the entry that the task leaves in the store."""
    return STAGES[task.kind].kind


def key_of(context: StageContext, needs: Needs) -> Key:
    """Return what the task's result depends on, given the entries that it needs."""
    return STAGES[needs.task.kind].key(context, needs).with_reads(context.keys.reads.of(needs.task.id))


def place_of(context: StageContext, task: Task) -> Place | None:
    """Return where the task's native code runs; None for one that has none, or that cannot run here."""
    stage = STAGES[task.kind]
    if exported_only(context, task) is not None:
        return None
    return stage.place(context, task) if isinstance(stage, NativeStage) else None


def question_of(context: StageContext, needs: Needs) -> Question:
    """Return what the task's worker is asked. Raise TypeError for a task that asks none."""
    stage = STAGES[needs.task.kind]
    if not isinstance(stage, NativeStage):
        raise TypeError(f"{needs.task.id} asks no worker")
    return stage.question(context, needs)


def execute(context: StageContext, pool: Pool, needs: Needs, key: Key) -> Result:
    """Do the task and put its result into the store under `key`, or under the one with what it turned out to read.

    Raise EnvironmentFailed, WorkerClosed; OSError where a task failed on a full disk.
    """
    stage = STAGES[needs.task.kind]
    try:
        for entry in needs:
            context.store.verify(entry)
    except StoreCorrupted as error:
        return _spoiled(context, entry, str(error))
    if isinstance(stage, HostStage):
        return stage.do(context, needs, key)
    answered = _ask(context, pool, stage, needs, key)
    if answered.succeeded:
        return stage.finish(answered, needs)
    refuse_a_full_disk(context.project.build)
    failed = answered.failure()
    if needs.task.kind == "evaluate":
        return evaluate.unanswered(answered, failed)
    if needs.task.kind == "score":
        return score.failed(failed)
    return run.with_sizes(failed, needs) if needs.task.kind == "run" else failed


def damaged(context: StageContext, entry: Entry) -> Failed | None:
    """Return what becomes of a task whose result in the store is not what its record says; None where it is."""
    damage = context.store.damage(entry)
    return _spoiled(context, entry, damage) if damage is not None else None


def _spoiled(context: StageContext, entry: Entry, damage: str) -> Failed:
    broken: Stage = "reference" if entry.record.kind in ("samples", "references") else "load"
    return Failed(outcome=FAILED_IN[broken], stage=broken, detail=stable_text(context.project, damage), lasting=False)


def _ask(context: StageContext, pool: Pool, stage: NativeStage, needs: Needs, key: Key) -> Answered:
    task, question, asked = needs.task, stage.question(context, needs), time.time()
    work = pool.work(
        stage.place(context, task),
        stage.name,
        module=question.module,
        args=question.args,
        timeout_s=question.timeout_s,
        memory_mb=question.memory_mb,
        most_bytes=question.most_bytes,
        most_files=question.most_files,
        packages=question.packages,
    )
    if stage.reads:
        context.keys.reads.note(task, work.reply.reads, asked)
        context.keys.reads.save()  # another run that waits for this result looks for it by what was read
        key = key_of(context, needs)
    blame = task.step.name if stage.blames_its_step else None
    limits = (question.timeout_s, question.memory_mb)
    return Answered(context=context, task=task, name=stage.name, blame=blame, key=key, work=work, limits=limits)
