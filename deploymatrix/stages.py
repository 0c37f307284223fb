"""What each kind of task does: reference, export, run, compare.

A stage takes the results that its task needs and gives an entry of the store, or the failure that its cells get.
A result that is in the store already is taken from there.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploymatrix import keys
from deploymatrix.errors import StoreCorrupted
from deploymatrix.outcomes import Done, Failed, Result, failure_of
from deploymatrix.plan import Task
from deploymatrix.project import Model, Project, Target
from deploymatrix.specs import Tensor
from deploymatrix.store import Entry, Kind, Store
from deploymatrix.workshop import Place, Work, Workshop

Entries = Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the stages work with."""

    project: Project
    store: Store
    workshop: Workshop


def key_of(bench: Bench, task: Task, needs: Entries) -> tuple[Kind, keys.Key]:
    """Where the task's result belongs in the store, given the entries that it needs."""
    project, model = bench.project, task.model
    if task.kind == "reference":
        return "references", keys.reference_key(project, model)
    if task.kind == "export":
        return "artifacts", keys.artifact_key(project, model, task.variant, task.step, needs[-1])
    target = target_of(task)
    if task.kind == "run":
        runtime = bench.workshop.runtime_digest(target)
        return "runs", keys.run_key(project, model, target, needs[1], bench.workshop.isolation, runtime)
    reference, artifact, run = needs
    return "cells", keys.cell_key(run, reference, artifact, limit_of(task))


def place_of(bench: Bench, task: Task) -> Place | None:
    """Where the task's native code runs; comparing runs no native code."""
    if task.kind == "reference":
        return Place("environment", bench.project.frameworks[task.model.spec.framework].environment)
    if task.kind == "export":
        return Place("environment", task.step.environment)
    return Place("runner", target_of(task).name) if task.kind == "run" else None


def execute(bench: Bench, task: Task, needs: Entries) -> Result:
    """Do the task and put its result into the store."""
    stage: Callable[[Bench, Task, Entries], Result] = {
        "reference": _reference,
        "export": _export,
        "run": _run,
        "compare": _compare,
    }[task.kind]
    try:
        for entry in needs:
            bench.store.verify(entry)
    except StoreCorrupted as error:
        return Failed(outcome="load_failed", stage="load", detail=_stable(bench, str(error)))
    return stage(bench, task, needs)


def ensure_samples(bench: Bench, model: Model) -> Entry:
    """The model's samples, drawn when they are not in the store."""
    from deploymatrix.samples import write_samples

    key = keys.samples_key(model)
    found = bench.store.get("samples", key.digest)
    if found is not None:
        return found
    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=bench.store.folder("samples")))
    folder.chmod(0o755)
    write_samples(model.spec, folder)
    return bench.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)


def target_of(task: Task) -> Target:
    assert task.target is not None, f"{task.id} has no target"
    return task.target


def limit_of(task: Task) -> float:
    return target_of(task).spec.limits[task.variant]


def _reference(bench: Bench, task: Task, needs: Entries) -> Result:
    from deploymatrix.references import reference_problem

    model = task.model
    framework = model.spec.framework
    work = _ask(
        bench,
        task,
        module=bench.project.opener(framework, framework),
        args={
            "model": model.module,
            "spec": keys.wire_spec(model, ""),
            "samples": _sample_paths(bench, model),
        },
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
    )
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=None)
    problem = reference_problem(model.spec, work.out)
    if problem:
        log = _keep_log(bench, task, work)
        return Failed(outcome="reference_failed", stage="reference", detail=problem, log=log)
    return _stored(bench, task, needs, work, {"versions": _value(work)["versions"]})


def _export(bench: Bench, task: Task, needs: Entries) -> Result:
    step, model = task.step, task.model
    work = _ask(
        bench,
        task,
        module=bench.project.step_module(step.format, step.source),
        args={
            "spec": keys.wire_spec(model, task.variant),
            "samples": _sample_paths(bench, model),
            "options": step.options,
            "source": _source(bench, task, needs[-1]),
        },
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
    )
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=step.name)
    value = _value(work)
    about = {
        "step": step.name,
        "options": step.options,
        "source": needs[-1].digest,
        "entry": value["entry"],
        "signature": value["signature"],
        "versions": value["versions"],
    }
    return _stored(bench, task, needs, work, about)


def _run(bench: Bench, task: Task, needs: Entries) -> Result:
    target, artifact = target_of(task), needs[1]
    work = _ask(
        bench,
        task,
        module=bench.project.run_module(target),
        args={
            "payload": artifact.files / artifact.about["entry"],
            "signature": artifact.about["signature"],
            "samples": _sample_paths(bench, task.model),
            "repeat": 3,
        },
        timeout_s=task.model.spec.timeouts.run,
        memory_mb=target.spec.resources.memory_mb,
    )
    if work.reply.status != "ok":
        return _failure(bench, task, work, blame=None)
    value = _value(work)
    about = {key: value[key] for key in ("outputs", "extra", "missing", "versions")}
    return _stored(bench, task, needs, work, about, {key: value[key] for key in ("load_s", "run_s")})


def _compare(bench: Bench, task: Task, needs: Entries) -> Result:
    from deploymatrix.compare import Answers, compare

    reference, artifact, run = needs
    answers = Answers(
        actual=run.files,
        reference=reference.files,
        samples=task.model.spec.samples,
        declared=_declared_outputs(task.model, artifact),
        missing=tuple(run.about["missing"]),
        extra=tuple(run.about["extra"]),
    )
    comparison = compare(answers, limit_of(task))
    about = {
        "outcome": comparison.outcome,
        "detail": comparison.detail,
        "outputs": [output.model_dump(mode="json") for output in comparison.outputs],
    }
    kind, key = key_of(bench, task, needs)
    return Done(entry=bench.store.put(kind, key.digest, None, about=about, made_from=key.parts), cached=False)


def _ask(bench: Bench, task: Task, **request: Any) -> Work:
    place = place_of(bench, task)
    assert place is not None, f"{task.id} needs no worker"
    return bench.workshop.work(place, task.kind, **request)


def _value(work: Work) -> dict[str, Any]:
    assert work.reply.value is not None, "a reply that is ok has a value"
    return work.reply.value


def _source(bench: Bench, task: Task, source: Entry) -> dict[str, Any]:
    if task.step.opener is None:
        return {"artifact": source.files / source.about["entry"], "signature": source.about["signature"]}
    return {
        "framework": bench.project.opener(task.step.opener, task.model.spec.framework),
        "model": task.model.module,
        "weights": source.files / "weights",
    }


def _sample_paths(bench: Bench, model: Model) -> list[dict[str, Path]]:
    folder = ensure_samples(bench, model).files
    names = [tensor.name for tensor in model.spec.inputs]
    return [{n: folder / str(i) / f"{n}.npy" for n in names} for i in range(model.spec.samples)]


def _declared_outputs(model: Model, artifact: Entry) -> tuple[Tensor, ...]:
    """The model's outputs with the dtype and shape that the signature says they have in the artifact."""
    signature = artifact.about["signature"]["outputs"]
    return tuple(
        Tensor(name=o.name, dtype=signature[o.name]["dtype"], shape=tuple(signature[o.name]["shape"]))
        for o in model.spec.outputs
    )


def _stored(
    bench: Bench,
    task: Task,
    needs: Entries,
    work: Work,
    about: dict[str, Any],
    times: dict[str, Any] | None = None,
) -> Result:
    kind, key = key_of(bench, task, needs)
    _keep_log(bench, task, work)
    reply = work.reply
    measured = {"wall_s": reply.wall_s, "cpu_s": reply.cpu_s, "peak_mb": reply.peak_mb, **(times or {})}
    try:
        entry = bench.store.put(kind, key.digest, work.out, about=about, measured=measured, made_from=key.parts)
    except StoreCorrupted as error:
        return Failed(outcome="run_failed" if kind == "runs" else "export_failed", stage="run", detail=str(error))
    shutil.rmtree(work.out.parent, ignore_errors=True)
    return Done(entry=entry, cached=False)


def _failure(bench: Bench, task: Task, work: Work, *, blame: str | None) -> Failed:
    failed = failure_of(task.kind, work.reply, blame=blame, log=_keep_log(bench, task, work))
    shutil.rmtree(work.out.parent, ignore_errors=True)
    return replace(failed, detail=_stable(bench, failed.detail))


def _keep_log(bench: Bench, task: Task, work: Work) -> Path:
    """Keep what the child wrote, and the traceback, where the cell's record points to."""
    log = bench.project.build / "logs" / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', task.id)}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    written = work.log.read_bytes() if work.log.is_file() else b""
    traceback = (work.reply.error or {}).get("traceback", "")
    log.write_bytes(written + traceback.encode())
    return log


def _stable(bench: Bench, text: str) -> str:
    """The same failure must give the same bytes: leave out names that differ from run to run."""
    text = re.sub(rf"{re.escape(str(bench.project.build))}/work/\S*?/[0-9a-f]{{32}}", "<work>", text)
    text = re.sub(r"/deploymatrix/out/[0-9a-f]{32}", "<work>", text)
    text = text.replace(str(bench.project.build), "build").replace(str(bench.project.root), ".")
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
