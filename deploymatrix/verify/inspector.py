"""Describe and run artifacts that somebody else made, as the matrix runs its own: on the target's warm worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.logs import keep_log, stable_text
from deploymatrix.execution.outcomes import Failed, failure_of
from deploymatrix.execution.stages.telling import cause_of
from deploymatrix.host.isolation import IsolationChoice, choose_for_foreign
from deploymatrix.host.local import Host, local_host
from deploymatrix.host.messages import Place, Work
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project
from deploymatrix.project.targets import Target
from deploymatrix.say import Say
from deploymatrix.store.store import Store
from deploymatrix.verify.artifacts import Answer, InspectedArtifact, Sample, Slot, read_lookups, read_slots
from deploymatrix.verify.dtypes import carried
from deploymatrix.verify.intake import keep_artifact, keep_samples
from deploymatrix.verify.location import locate
from deploymatrix.verify.wire import read_outputs, wire_names


class Inspector:
    """Describes and runs artifacts. A fault of the artifact or its runtime is returned as Failed, not raised."""

    def __init__(self, project: Project, host: Host, *, timeout_s: float) -> None:
        self.project = project
        self.isolation = host.facts.isolation
        self._pool = host.pool
        self._timeout_s = timeout_s
        self._store = Store(project.build / "store")

    def describe(self, path: Path, target: str | None, signature: str | None = None) -> InspectedArtifact | Failed:
        """Load the artifact at `path` on its target and read what it tells of its inputs and outputs.

        Raise ConfigurationError for a path, target or signature that does not exist, EnvironmentFailed.
        """
        located, chosen = locate(self.project, path, target)
        payload = keep_artifact(self._store, located)
        work = self._work(chosen, "describe", {"payload": payload, "chosen": signature})
        if work.reply.status != "ok":
            return self._failure(chosen, path, work)
        value = _value(work)
        chosen_signature = _chosen_signature(path, signature, value)
        return InspectedArtifact(
            path=path,
            target=chosen,
            payload=payload,
            inputs=read_slots(value["inputs"]),
            outputs=read_slots(value["outputs"]),
            versions=value["versions"],
            lookups=read_lookups(value.get("lookups")),  # a runner's own worker may know nothing of them
            unread=value.get("unread"),
            signature=chosen_signature,
        )

    def run(self, artifact: InspectedArtifact, samples: Sequence[Sample], outputs: Sequence[str]) -> Answer | Failed:
        """Run the artifact on `samples` (arrays by its own input names) and return `outputs` by its own names."""
        inputs_wire, outputs_wire = wire_names(samples[0]), wire_names(outputs)
        files = keep_samples(self._store, samples, inputs_wire).files
        args = {
            "payload": artifact.payload,
            "chosen": artifact.signature,
            "signature": _signature(artifact, samples[0], inputs_wire, outputs_wire),
            "samples": [
                {wire: files / str(index) / f"{wire}.npy" for wire in inputs_wire.values()}
                for index in range(len(samples))
            ],
            "repeat": 1,
        }
        work = self._work(artifact.target, "run", args)
        if work.reply.status != "ok":
            return self._failure(artifact.target, artifact.path, work)
        value = _value(work)
        missing = tuple(name for name, wire in outputs_wire.items() if wire in value["missing"])
        present = {name: wire for name, wire in outputs_wire.items() if name not in missing}
        try:
            answers = tuple(read_outputs(work.out / str(index), present) for index in range(len(samples)))
        except (OSError, ValueError) as error:
            told = stable_text(self.project, f"its runtime left no readable outputs: {error}")
            return Failed(outcome="run_failed", stage="run", detail=told)
        return Answer(outputs=answers, missing=missing, extra=tuple(value["extra"]))

    def _work(self, target: Target, task: Literal["describe", "run"], args: dict[str, Any]) -> Work:
        return self._pool.work(
            Place("runner", target.name),
            task,
            module=self.project.run_module(target),
            args=args,
            timeout_s=self._timeout_s,
            memory_mb=target.spec.resources.memory_mb,
            most_bytes=target.spec.resources.memory_mb << 19,  # what a task could hold beside itself
        )

    def _failure(self, target: Target, path: Path, work: Work) -> Failed:
        log = keep_log(self.project.build, f"verify {path.name} on {target.name}", work)
        failed = failure_of("run", work.reply, blame=None, log=log)
        detail = cause_of(failed, work.reply)
        if failed.outcome == "timed_out":
            detail = f"no answer within {self._timeout_s:g} s, in stage {failed.stage} (--timeout)"
        return replace(failed, detail=stable_text(self.project, detail))


@contextmanager
def inspecting(project: Project, isolation: IsolationChoice, timeout_s: float, say: Say) -> Iterator[Inspector]:
    """Give an inspector whose workers live as long as the context.

    Raise EnvironmentFailed when no engine answers, unless the user has asked for processes.
    """
    chosen = choose_for_foreign(isolation, say)
    with local_host(project, chosen, jobs=1, say=say) as host:
        yield Inspector(project, host, timeout_s=timeout_s)


def _signature(
    artifact: InspectedArtifact, sample: Sample, inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> dict[str, Any]:
    """Make the signature of the worker's protocol; `inputs` and `outputs` give for each own name its wire name.

    The worker casts each input to the dtype that the artifact tells, and refuses where a value would not survive.
    """
    slots = {name: (artifact.inputs or {}).get(name, Slot()) for name in inputs}
    return {
        "inputs": {
            wire: {"name": name, "dtype": _wire_dtype(slots[name], sample[name]), "shape": [*sample[name].shape]}
            for name, wire in inputs.items()
        },
        "outputs": {wire: {"name": name} for name, wire in outputs.items()},
    }


def _wire_dtype(slot: Slot, array: Array) -> str:
    return (carried(slot.dtype) if slot.dtype else None) or array.dtype.name


def _chosen_signature(path: Path, wanted: str | None, value: Mapping[str, Any]) -> str | None:
    """Return the name of the signature that was described; None where the artifact has only one, without a choice.

    Raise ConfigurationError where the user must choose, or has chosen what is not there.
    """
    names: list[str] = value.get("signatures") or []  # a runner's own worker may know nothing of them
    chosen: str | None = value.get("chosen")
    if chosen is not None:
        return chosen
    listed = ", ".join(names)
    if wanted is not None:
        has = f"it has {listed}" if names else f"its target offers no choice; leave --signature {wanted} out"
        raise ConfigurationError(f"{path}: has no signature {wanted} to choose; {has}")
    if names:
        raise ConfigurationError(f"{path}: has several signatures: {listed}; choose one with --signature")
    return None


def _value(work: Work) -> dict[str, Any]:
    assert work.reply.value is not None, "a reply that is ok has a value"
    return work.reply.value
