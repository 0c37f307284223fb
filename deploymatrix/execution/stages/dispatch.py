"""What each kind of task does: reference, export, run, compare.

A stage takes the results that its task needs and gives an entry of the store, or the failure that its cells get.
A result that is in the store already is taken from there.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from deploymatrix.errors import StoreCorrupted
from deploymatrix.execution import keys
from deploymatrix.execution.logs import keep_log, without_changing_names
from deploymatrix.execution.outcomes import FAILED_IN, Done, Failed, Result, failure_of
from deploymatrix.execution.stages.context import Bench, Entries, request_of, target_of
from deploymatrix.host.messages import Place, Work
from deploymatrix.matrix.records import Stage
from deploymatrix.project.plan import Task, TaskKind
from deploymatrix.project.project import Model
from deploymatrix.project.specs import Tensor
from deploymatrix.store.entries import Kind

KINDS: dict[TaskKind, Kind] = {"reference": "references", "export": "artifacts", "run": "runs", "compare": "cells"}


def key_of(bench: Bench, task: Task, needs: Entries) -> keys.Key:
    """What the task's result depends on, given the entries that it needs."""
    project, model = bench.project, task.model
    if task.kind == "reference":
        return keys.reference_key(project, model)
    if task.kind == "export":
        return keys.artifact_key(project, model, task.variant, task.step, needs[-1])
    target = target_of(task)
    if task.kind == "run":
        runtime = bench.workshop.runtime_digest(target)
        return keys.run_key(project, model, target, needs[1], bench.workshop.isolation, runtime)
    reference, artifact, run = needs
    return keys.cell_key(run, reference, artifact, limit_of(task))


def place_of(bench: Bench, task: Task) -> Place | None:
    """Where the task's native code runs; comparing runs no native code."""
    if task.kind == "reference":
        return Place("environment", bench.project.frameworks[task.model.spec.framework].environment)
    if task.kind == "export":
        return Place("environment", task.step.environment)
    return Place("runner", target_of(task).name) if task.kind == "run" else None


def execute(bench: Bench, task: Task, needs: Entries, key: keys.Key) -> Result:
    """Do the task and put its result into the store under `key`."""
    stage: Callable[[Bench, Task, Entries, keys.Key], Result] = {
        "reference": _reference,
        "export": _export,
        "run": _run,
        "compare": _compare,
    }[task.kind]
    try:
        for entry in needs:
            bench.store.verify(entry)
    except StoreCorrupted as error:
        broken: Stage = "reference" if entry.record.kind == "references" else "load"
        return Failed(outcome=FAILED_IN[broken], stage=broken, detail=_stable(bench, str(error)), lasting=False)
    return stage(bench, task, needs, key)


def limit_of(task: Task) -> float:
    return target_of(task).spec.limits[task.variant]


def _reference(bench: Bench, task: Task, needs: Entries, key: keys.Key) -> Result:
    from deploymatrix.numerics.references import reference_problem

    work = _ask(bench, task, needs)
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=None)
    problem = reference_problem(task.model.spec, work.out)
    if problem:
        log = keep_log(bench.project.build, task.id, work)
        return Failed(outcome="reference_failed", stage="reference", detail=problem, log=log)
    value = _value(work)
    return _stored(bench, task, key, work, {"versions": value["versions"]}, {"eager_s": value["eager_s"]})


def _export(bench: Bench, task: Task, needs: Entries, key: keys.Key) -> Result:
    step, work = task.step, _ask(bench, task, needs)
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=step.name)
    value = _value(work)
    problem = _signature_problem(task.model, value["signature"])
    if problem:
        log = keep_log(bench.project.build, task.id, work)
        return Failed(outcome="export_failed", stage="export", detail=problem, blame=step.name, log=log)
    about = {
        "step": step.name,
        "options": step.options,
        "source": needs[-1].digest,
        "entry": value["entry"],
        "signature": value["signature"],
        "versions": value["versions"],
    }
    return _stored(bench, task, key, work, about)


def _run(bench: Bench, task: Task, needs: Entries, key: keys.Key) -> Result:
    work = _ask(bench, task, needs)
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=None)
    value = _value(work)
    about = {key: value[key] for key in ("outputs", "extra", "missing", "versions")}
    return _stored(bench, task, key, work, about, {key: value[key] for key in ("load_s", "run_s")})


def _compare(bench: Bench, task: Task, needs: Entries, key: keys.Key) -> Result:
    from deploymatrix.numerics.compare import Answers, compare

    started, (reference, artifact, run) = time.perf_counter(), needs
    answers = Answers(
        actual=run.files,
        reference=reference.files,
        samples=task.model.spec.samples,
        declared=declared_outputs(task.model, artifact.about["signature"]),
        missing=tuple(run.about["missing"]),
        extra=tuple(run.about["extra"]),
    )
    comparison = compare(answers, limit_of(task))
    about = {
        "outcome": comparison.outcome,
        "detail": comparison.detail,
        "outputs": [output.model_dump(mode="json") for output in comparison.outputs],
    }
    measured = {"wall_s": time.perf_counter() - started}
    entry = bench.store.put("cells", key.digest, None, about=about, measured=measured, made_from=key.parts)
    return Done(entry=entry, cached=False)


def _ask(bench: Bench, task: Task, needs: Entries) -> Work:
    place = place_of(bench, task)
    assert place is not None, f"{task.id} needs no worker"
    return bench.workshop.work(place, task.kind, **request_of(bench, task, needs))


def _value(work: Work) -> dict[str, Any]:
    assert work.reply.value is not None, "a reply that is ok has a value"
    return work.reply.value


def declared_outputs(model: Model, signature: dict[str, Any]) -> tuple[Tensor, ...]:
    """The model's outputs with the dtype and shape that the signature says they have in the artifact."""
    outputs = signature["outputs"]
    return tuple(
        Tensor(name=o.name, dtype=outputs[o.name]["dtype"], shape=tuple(outputs[o.name]["shape"]))
        for o in model.spec.outputs
    )


def _signature_problem(model: Model, signature: dict[str, Any]) -> str | None:
    """Why outputs such as the signature claims cannot be compared: a dtype or a shape that no model can declare."""
    try:
        declared_outputs(model, signature)
    except ValidationError as error:
        first = error.errors()[0]
        return f"the signature's outputs: {first['loc'][0]}: {first['msg']} (it is {first['input']!r})"
    return None


def _stored(
    bench: Bench,
    task: Task,
    key: keys.Key,
    work: Work,
    about: dict[str, Any],
    times: dict[str, Any] | None = None,
) -> Result:
    log = keep_log(bench.project.build, task.id, work)
    reply = work.reply
    cost = {name: getattr(reply, name) for name in ("wall_s", "cpu_s", "peak_mb", "import_s")}
    measured = {**cost, **(times or {})}
    files = work.out if work.out.is_dir() else None  # a run whose outputs all have wrong names writes none
    try:
        entry = bench.store.put(
            KINDS[task.kind], key.digest, files, about=about, measured=measured, made_from=key.parts
        )
    except StoreCorrupted as error:
        stage: Stage = "run" if task.kind == "compare" else task.kind
        blame = task.step.name if task.kind == "export" else None
        return Failed(outcome=FAILED_IN[stage], stage=stage, detail=str(error), blame=blame, log=log)
    finally:
        shutil.rmtree(work.out.parent, ignore_errors=True)
    return Done(entry=entry, cached=False)


def _failure(bench: Bench, task: Task, work: Work, *, blame: str | None) -> Failed:
    failed = failure_of(task.kind, work.reply, blame=blame, log=keep_log(bench.project.build, task.id, work))
    shutil.rmtree(work.out.parent, ignore_errors=True)
    return replace(failed, detail=_stable(bench, failed.detail))


def _stable(bench: Bench, text: str) -> str:
    for tree in bench.project.trees:
        text = without_changing_names(text, root=tree, build=bench.project.build)
    return text
