"""Artifacts that somebody else made: which target runs one, what it says of itself, what it answers.

They go the way of the matrix's own: into the store, to the warm worker of the target, in a container or a process.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from deploymatrix.execution.logs import keep_log, without_changing_names
from deploymatrix.execution.outcomes import Failed, failure_of
from deploymatrix.host.local import Host, local_host
from deploymatrix.host.messages import Place, Work
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Project, Target
from deploymatrix.say import Say
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store
from deploymatrix.verify.artifacts import Answer, Artifact, Sample, Slot, read_outputs, slots, wire_names
from deploymatrix.verify.location import belonging, locate

Isolations = Literal["auto", "docker", "process"]


class Inspector:
    """Describes and runs artifacts. A fault of the artifact or its runtime comes back as Failed, not raised."""

    def __init__(self, project: Project, host: Host, *, timeout_s: float) -> None:
        self.project = project
        self._pool = host.pool
        self._timeout_s = timeout_s
        self._store = Store(project.build / "store")
        self.isolation = host.facts.isolation

    def describe(self, path: Path, target: str | None) -> Artifact | Failed:
        """Load the artifact at `path` on its target and let it tell its inputs and outputs.

        Raises ConfigurationError for a path or target that is not there, EnvironmentFailed.
        """
        located, chosen = locate(self.project, path, target)
        payload = self._take_in(located)
        work = self._ask(chosen, "describe", {"payload": payload})
        if work.reply.status != "ok":
            return self._failure(chosen, path, work)
        told = work.reply.value or {}
        inputs, outputs = (slots(told[side]) for side in ("inputs", "outputs"))
        versions = told["versions"]
        return Artifact(path=path, target=chosen, payload=payload, inputs=inputs, outputs=outputs, versions=versions)

    def run(self, artifact: Artifact, samples: Sequence[Sample], outputs: Sequence[str]) -> Answer | Failed:
        """Run the artifact on `samples` (arrays by its own input names), asking for `outputs` by its own names."""
        taken, asked = wire_names(samples[0]), wire_names(outputs)
        kept = self._keep_samples([{taken[name]: array for name, array in sample.items()} for sample in samples])
        paths = [{wire: kept.files / str(i) / f"{wire}.npy" for wire in taken.values()} for i in range(len(samples))]
        signature = {
            "inputs": {wire: self._input(artifact, name, samples[0][name]) for name, wire in taken.items()},
            "outputs": {wire: {"name": name} for name, wire in asked.items()},
        }
        args = {"payload": artifact.payload, "signature": signature, "samples": paths, "repeat": 1}
        work = self._ask(artifact.target, "run", args)
        if work.reply.status != "ok":
            return self._failure(artifact.target, artifact.path, work)
        value = work.reply.value or {}
        missing = tuple(name for name, wire in asked.items() if wire in value["missing"])
        there = {name: wire for name, wire in asked.items() if name not in missing}
        answers = tuple(read_outputs(work.out / str(i), there) for i in range(len(samples)))
        return Answer(outputs=answers, missing=missing, extra=tuple(value["extra"]))

    def _input(self, artifact: Artifact, name: str, array: Array) -> dict[str, Any]:
        """An entry of the signature; the worker casts to its dtype and refuses where a value would not survive."""
        slot = (artifact.inputs or {}).get(name, Slot())
        return {"name": name, "dtype": slot.dtype or array.dtype.name, "shape": list(array.shape)}

    def _ask(self, target: Target, task: Literal["describe", "run"], args: dict[str, Any]) -> Work:
        return self._pool.work(
            Place("runner", target.name),
            task,
            module=self.project.run_module(target),
            args=args,
            timeout_s=self._timeout_s,
            memory_mb=target.spec.resources.memory_mb,
        )

    def _failure(self, target: Target, path: Path, work: Work) -> Failed:
        log = keep_log(self.project.build, f"verify {path.name} on {target.name}", work)
        failed = failure_of("run", work.reply, blame=None, log=log)
        stable = without_changing_names(failed.detail, root=self.project.root, build=self.project.build)
        return replace(failed, detail=stable)

    def _take_in(self, located: Path) -> Path:
        """Copy the artifact into the store, where containers can read it; of a file also those that belong to it."""
        folder = self._new_folder("artifacts")
        if located.is_dir():
            shutil.copytree(located, folder / located.name)
        else:
            for file in belonging(located):
                shutil.copyfile(file, folder / file.name)
        key = digests.of_data({"foreign": _contents(folder)})
        about = {"entry": located.name}
        return self._store.put("artifacts", key, folder, about=about).files / located.name

    def _keep_samples(self, samples: Sequence[Sample]) -> Entry:
        folder = self._new_folder("samples")
        for index, sample in enumerate(samples):
            (folder / str(index)).mkdir()
            for wire, array in sample.items():
                np.save(folder / str(index) / f"{wire}.npy", array, allow_pickle=False)
        key = digests.of_data({"foreign": _contents(folder)})
        return self._store.put("samples", key, folder, about={})

    def _new_folder(self, kind: Literal["artifacts", "samples"]) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=".foreign-", dir=self._store.folder(kind)))
        folder.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
        return folder


@contextmanager
def inspecting(project: Project, isolation: Isolations, timeout_s: float, say: Say) -> Iterator[Inspector]:
    """Give an inspector whose workers live as long as the context.

    Raise EnvironmentFailed when docker isolation is asked for and no engine answers.
    """
    with local_host(project, isolation, jobs=1, say=say) as host:
        yield Inspector(project, host, timeout_s=timeout_s)


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digests.of_file(path) for path in files}
