"""What a worker is asked for each kind of task, and the samples that it is asked about."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploymatrix.execution import keys, wire
from deploymatrix.host.workshop import Workshop
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Model, Project, Target
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store

Entries = Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the stages work with."""

    project: Project
    store: Store
    workshop: Workshop
    samples: dict[str, Entry] = field(default_factory=dict)
    sample_paths: dict[str, list[dict[str, Path]]] = field(default_factory=dict)


def request_of(bench: Bench, task: Task, needs: Entries) -> dict[str, Any]:
    """What the worker of a reference, export or run task is asked: module, args, timeout_s, memory_mb."""
    if task.kind == "run":
        return _run_request(bench, task, needs[1])
    asked = _reference_request(bench, task) if task.kind == "reference" else _export_request(bench, task, needs[-1])
    spec = task.model.spec
    return {**asked, "timeout_s": spec.timeouts.export, "memory_mb": spec.memory_mb}


def target_of(task: Task) -> Target:
    assert task.target is not None, f"{task.id} has no target"
    return task.target


def ensure_samples(bench: Bench, model: Model) -> Entry:
    """The model's samples, drawn when they are not in the store, or no longer as they were drawn."""
    if model.name not in bench.samples:
        key = keys.samples_key(model)
        found = bench.store.get("samples", key.digest)
        intact = found is not None and bench.store.is_intact(found)
        bench.samples[model.name] = found if found and intact else _draw_samples(bench, model, key)
    return bench.samples[model.name]


def _draw_samples(bench: Bench, model: Model, key: keys.Key) -> Entry:
    from deploymatrix.numerics.samples import write_samples

    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=bench.store.folder("samples")))
    folder.chmod(0o755)
    write_samples(model.spec, folder)
    return bench.store.put("samples", key.digest, folder, about={"model": model.name}, made_from=key.parts)


def _reference_request(bench: Bench, task: Task) -> dict[str, Any]:
    model, framework = task.model, task.model.spec.framework
    args = {
        "model": model.module,
        "given": wire.wire_source(model),
        "spec": wire.wire_spec(model, ""),
        "samples": _sample_paths(bench, model),
    }
    return {"module": bench.project.opener(framework, framework), "args": args}


def _export_request(bench: Bench, task: Task, source: Entry) -> dict[str, Any]:
    args = {
        "spec": wire.wire_spec(task.model, task.variant),
        "samples": _sample_paths(bench, task.model),
        "options": task.step.options,
        "source": _source(bench, task, source),
    }
    return {"module": bench.project.step_module(task.step.format, task.step.source), "args": args}


def _run_request(bench: Bench, task: Task, artifact: Entry) -> dict[str, Any]:
    target = target_of(task)
    args = {
        "payload": artifact.files / artifact.about["entry"],
        "signature": artifact.about["signature"],
        "samples": _sample_paths(bench, task.model),
        "repeat": 3,
    }
    return {
        "module": bench.project.run_module(target),
        "args": args,
        "timeout_s": task.model.spec.timeouts.run,
        "memory_mb": target.spec.resources.memory_mb,
    }


def _source(bench: Bench, task: Task, source: Entry) -> dict[str, Any]:
    if task.step.opener is None:
        return {"artifact": source.files / source.about["entry"], "signature": source.about["signature"]}
    return {
        "framework": bench.project.opener(task.step.opener, task.model.spec.framework),
        "model": task.model.module,
        "given": wire.wire_source(task.model),
        "weights": source.files / "weights",
    }


def _sample_paths(bench: Bench, model: Model) -> list[dict[str, Path]]:
    if model.name not in bench.sample_paths:
        folder = ensure_samples(bench, model).files
        names = [tensor.name for tensor in model.spec.inputs]
        paths = [{n: folder / str(i) / f"{n}.npy" for n in names} for i in range(model.spec.samples)]
        bench.sample_paths[model.name] = paths
    return bench.sample_paths[model.name]
