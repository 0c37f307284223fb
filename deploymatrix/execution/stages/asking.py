"""What the stages that ask a worker share: the question, keeping what came of it, and the failure that came instead."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.errors import StoreCorrupted
from deploymatrix.execution.logs import keep_log, stable_text
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import FAILED_IN, Done, Failed, NativeTask, Result, failure_of, stage_of
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.telling import at_fault, told
from deploymatrix.execution.wire import wire_imports, wire_spec
from deploymatrix.host.messages import MOST_FILES, Work
from deploymatrix.host.recipes import packages_recipe
from deploymatrix.project.plan import Task
from deploymatrix.store.entries import Kind

if TYPE_CHECKING:
    from deploymatrix.environments.recipes import PackagesRecipe

MOST_BYTES = 1 << 40  # of an artifact: the disk is the bound
COSTS = ("wall_s", "cpu_s", "peak_mb", "import_s")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a worker is asked. `timeout_s`: seconds of wall time; `memory_mb`: MiB; `most_bytes`: of its files.

    `packages`: of the model's own, which have to be there first.
    """

    module: Path
    args: dict[str, Any]
    timeout_s: float
    memory_mb: int
    most_bytes: int = MOST_BYTES
    most_files: int = MOST_FILES
    packages: PackagesRecipe | None = None


def asking_program(
    context: StageContext, needs: Needs, program: Path | None, tensors: list[dict[str, Any]], most: int
) -> Question:
    """Ask a program beside the model for samples, where the model's framework is. tensors: what each sample holds."""
    model = needs.task.model
    framework = model.spec.framework
    environment = context.project.frameworks[framework].environment
    imports = wire_imports(context.project, model, environment)
    return Question(
        module=context.project.opener(framework, framework),
        args={
            "sampler": program,
            "imports": imports,
            "spec": {**wire_spec(model, ""), "inputs": tensors},
            "most": most,
        },
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
        packages=packages_recipe(context.project, model, environment),
    )


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A worker's answer to a task, with what is needed to keep it. `blame`: the step that is at fault if it failed."""

    context: StageContext
    task: Task
    name: NativeTask
    blame: str | None
    key: Key
    work: Work
    limits: tuple[float, int]  # seconds and MiB, as asked

    @property
    def succeeded(self) -> bool:
        return self.work.reply.status == "ok"

    @property
    def value(self) -> dict[str, Any]:
        assert self.work.reply.value is not None, "a reply that is ok has a value"
        return self.work.reply.value

    @property
    def said(self) -> str:
        """What the child wrote to its log."""
        log = self.work.log
        return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""

    def keep(self, kind: Kind, about: dict[str, Any], times: Mapping[str, Any] | None = None) -> Result:
        """Put the files, what is known about them and what they cost into the store."""
        log = self._keep_log()
        reply, out = self.work.reply, self.work.out
        measured = {**{name: getattr(reply, name) for name in COSTS}, **(times or {})}
        files = out if out.is_dir() else None  # a run whose outputs all have wrong names writes none
        try:
            entry = self.context.store.put(
                kind, self.key.digest, files, about=about, measured=measured, made_from=self.key.parts
            )
        except StoreCorrupted as error:
            return self._failed_in_its_stage(str(error), log)
        finally:
            shutil.rmtree(out.parent, ignore_errors=True)
        return Done(entry=entry, cached=False)

    def refuse(self, problem: str) -> Failed:
        """Say why an answer that came in order cannot be used."""
        return self._failed_in_its_stage(problem, self._keep_log())

    def failure(self) -> Failed:
        """Tell how the worker failed."""
        log, reply, project = self._keep_log(), self.work.reply, self.context.project
        failed = failure_of(self.name, reply, blame=self.blame or at_fault(self.task, reply), log=log)
        shutil.rmtree(self.work.out.parent, ignore_errors=True)
        return replace(failed, detail=stable_text(project, told(project, self.task, failed, reply, self.limits)))

    def _failed_in_its_stage(self, detail: str, log: Path | None) -> Failed:
        stage = stage_of(self.name)
        return Failed(outcome=FAILED_IN[stage], stage=stage, detail=detail, blame=self.blame, log=log)

    def _keep_log(self) -> Path | None:
        return keep_log(self.context.project.build, self.task.id, self.work)
