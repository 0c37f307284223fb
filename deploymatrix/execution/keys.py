"""The key of each task: the digest of exactly what its result depends on, part by part.

A source is known by the digest of its content, not of how it was made: an export that is repeated and comes out the
same leaves everything behind it as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploymatrix.execution.reads import Digests, Reads
from deploymatrix.execution.wire import wire_spec
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.process_environment import passed_environment
from deploymatrix.host.recipes import exporters_base, runtime_recipe
from deploymatrix.host.worker_program import worker_digest, worker_of
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import PlannedCell
from deploymatrix.project.project import Model, Project, Target
from deploymatrix.project.routes import Step
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry

NUMERICS = Path(__file__).parents[1] / "numerics"
# The files that each judgement consists of: a change in one leaves the results of the others as they are.
JUDGING = (
    *("compare.py", "figures.py", "judging.py", "limits.py", "npy.py", "outliers.py"),
    *("ragged.py", "slices.py", "stability.py", "tensors.py"),
)
CHECKED_WITH = ("figures.py", "npy.py", "outliers.py", "ragged.py", "tensors.py")
COMPARING = tuple(NUMERICS / name for name in JUDGING)
CHECKING = tuple(NUMERICS / name for name in ("references.py", *CHECKED_WITH))
DRAWING = (NUMERICS / "samples.py",)


@dataclass(frozen=True)
class Key:
    """What a result depends on, by name; its digest is where the result lies in the store."""

    parts: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        return digests.of_data(self.parts)

    def with_reads(self, reads: Digests) -> Key:
        """Return the key of a task that also read these files."""
        return Key({**self.parts, "reads": reads}) if reads else self

    def changes_since(self, before: dict[str, Any]) -> list[str]:
        """List the names of the parts that are not as they were; of what was read the files' names."""
        changed = sorted(name for name in {*self.parts, *before} if self.parts.get(name) != before.get(name))
        if "reads" in changed:
            now, then = self.parts.get("reads", {}), before.get("reads", {})
            files = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
            changed[changed.index("reads")] = f"reads ({', '.join(files)})"
        return changed


class ModelFiles:
    """The digests of one model's files, read once for all tasks that depend on them."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def samples(self) -> Key:
        """Samples depend on the seed, their number, the inputs' declarations and the code that draws them."""
        spec = self._model.spec
        return Key(
            {
                "seed": spec.seed,
                "samples": spec.samples,
                "inputs": [tensor.model_dump(mode="json") for tensor in spec.inputs],
                "code": _code(DRAWING),
            }
        )

    @cached_property
    def code(self) -> str:
        """The model's module and all that lies beside it; what model.toml says is the specification's matter."""
        beside = digests.of_code_folder(self._model.folder, without=frozenset({"model.toml"}))
        return digests.of_data([digests.of_code(self._model.module), beside])

    @cached_property
    def source(self) -> str | None:
        """A model that model.toml gives without code: what it says, and the files that it names."""
        model = self._model
        if model.source_module is None:
            return None
        files = [digests.of_code_folder(p) if p.is_dir() else digests.of_file(p) for p in model.source_paths]
        return digests.of_data([model.spec.source.model_dump(mode="json"), files, digests.of_code(model.source_module)])


class Keys:
    """The keys of a project's tasks. It remembers what it has read, so make a new one when files may have changed."""

    def __init__(self, project: Project) -> None:
        self.reads = Reads(project)
        self._project = project
        self._models: dict[str, ModelFiles] = {}
        self._workers: dict[str, str] = {}  # by runner
        self._images: dict[str, str] = {}  # by runner
        self._rules: dict[str, str] = {}  # by format
        self._exporting = worker_digest()
        self._contained = {"exporters": exporters_base(project).reference} if project.exporters == "docker" else {}

    def samples(self, model: Model) -> Key:
        """Make the key of the samples, which are drawn from the model's declarations."""
        return self._files(model).samples

    def reference(self, model: Model) -> Key:
        """Make the key of a reference: the model's code, declarations and samples, and how its framework runs it."""
        return Key({**self._reference(model), **passed_values(self._project), **self._contained})

    def _reference(self, model: Model) -> dict[str, Any]:
        """List the same, but for the values of the variables that are passed: the gate's machine need not have them."""
        project, files, framework = self._project, self._files(model), model.spec.framework
        return {
            "model": files.code,
            "source": files.source,
            "spec": wire_spec(model, ""),
            "samples": files.samples.digest,
            "framework": opener_digest(project.opener(framework, framework)),
            "environment": environment_digest(project, project.frameworks[framework].environment),
            "checks": _code(CHECKING),
            "worker": self._exporting,
        }

    def artifact(self, model: Model, variant: str, step: Step, source: Entry) -> Key:
        """Make the key of an artifact: its step's code, options and environment, its source, and what opens that."""
        project, files = self._project, self._files(model)
        opener = project.opener(step.opener, model.spec.framework) if step.opener else None
        return Key(
            {
                "step": digests.of_code(project.step_module(step.format, step.source)),
                "options": step.options,
                "environment": environment_digest(project, step.environment),
                "spec": wire_spec(model, variant),
                "samples": files.samples.digest,
                "source": source.digest,
                "opener": opener_digest(opener) if opener else None,
                "model": [files.code, files.source] if opener else None,
                "limits": [model.spec.timeouts.export, model.spec.memory_mb],
                "warnings": self._warning_rules(step.format),
                "worker": self._exporting,
                **passed_values(project),
                **self._contained,
            }
        )

    def run(self, model: Model, target: Target, artifact: Entry, facts: HostFacts) -> Key:
        """Make the key of a run: the artifact, the samples, the runner's code, the runtime and the limits."""
        return Key(
            {
                "artifact": artifact.digest,
                "samples": self._files(model).samples.digest,
                "runner": digests.of_code(self._project.run_module(target)),
                "isolation": facts.isolation,
                "runtime": facts.runtime_digest(target),
                "limits": [model.spec.timeouts.run, target.spec.resources.model_dump(mode="json")],
                "worker": self._worker(target),
            }
        )

    def cell(self, run: Entry, reference: Entry, artifact: Entry, limits: dict[str, float | None]) -> Key:
        """Make the key of a comparison: both sides, the limits, and the code that compares."""
        return Key(
            {
                "run": run.digest,
                "reference": reference.digest,
                "outputs": artifact.about["signature"]["outputs"],
                "limits": limits,
                "code": comparing_code(),
            }
        )

    def current_inputs(self, cells: Iterable[PlannedCell]) -> dict[str, str]:
        """Digest for each cell the project's files that its result depends on: a result of other files is stale.

        Isolation, timeouts and resources do not count: they decide how, not what. How an image is made counts for a
        result of a process, too: one digest serves both.
        """
        models: dict[str, str] = {}
        for cell in cells:
            if cell.model.name not in models:
                models[cell.model.name] = Key(self._reference(cell.model)).digest
        return {cell.name: self._cell_inputs(cell, models[cell.model.name]) for cell in cells}

    def _cell_inputs(self, cell: PlannedCell, model: str) -> str:
        project = self._project
        steps = cell.route.steps if cell.route else ()
        return digests.of_data(
            {
                "model": model,
                "steps": [_step_inputs(project, step, cell.model) for step in steps],
                "warnings": [self._warning_rules(step.format) for step in steps],
                "runner": digests.of_code(project.run_module(cell.target)),
                "runtime": [digests.of_code(path) for path in runtime_recipe(project, cell.target).files],
                "image": self._image(cell.target),
                "limits": limits_of(cell.model, cell.target, cell.variant),
                "engine": [*comparing_code(), self._exporting, self._worker(cell.target)],
            }
        )

    def _warning_rules(self, format_: str) -> str:
        """Digest the rules by which exporters' logs are read: what they find is known of an artifact."""
        if format_ not in self._rules:
            rules = self._project.pipelines[format_].warnings
            self._rules[format_] = digests.of_data([rule.model_dump(mode="json") for rule in rules])
        return self._rules[format_]

    def _image(self, target: Target) -> str:
        """Digest what the target's image is made by and how it is started; thousands of cells share it."""
        if target.spec.runner not in self._images:
            runner = self._project.runner_of(target)
            base = digests.of_code_folder(self._project.base_recipe) if runner.spec.debian else None
            parts = [digests.of_code(runner.dockerfile), runner.spec.model_dump(mode="json"), base]
            self._images[target.spec.runner] = digests.of_data(parts)
        return self._images[target.spec.runner]

    def _worker(self, target: Target) -> str:
        """Digest the worker of the target's runner; thousands of cells share it."""
        if target.spec.runner not in self._workers:
            self._workers[target.spec.runner] = worker_digest(worker_of(self._project.runner_of(target)))
        return self._workers[target.spec.runner]

    def _files(self, model: Model) -> ModelFiles:
        if model.name not in self._models:
            self._models[model.name] = ModelFiles(model)
        return self._models[model.name]


def environment_digest(project: Project, environment: str) -> str:
    """Digest an exporter environment: its lock, the variables that are set in it, the names of those passed to it."""
    lock = digests.of_code(project.environment_lock(environment))
    return digests.of_data([lock, project.environment_variables(environment), sorted(project.pass_environment)])


def opener_digest(opener: Path) -> str:
    """Digest a framework's module and those beside it that it may load; other openers are none of these."""
    beside = [p for p in opener.parent.glob("*.py") if p.stem != "framework" and not p.stem.startswith("from_")]
    return digests.of_data({path.name: digests.of_code(path) for path in sorted({opener, *beside})})


def passed_values(project: Project) -> dict[str, str]:
    """Digest the values of the user's variables that exporters see, since they may change results; none, no part."""
    names = project.pass_environment
    return {"passed variables": digests.of_data(passed_environment(names))} if names else {}


def comparing_code() -> list[str]:
    """Digest the code that compares, file by file."""
    return _code(COMPARING)


@functools.cache
def _code(files: tuple[Path, ...]) -> list[str]:
    return [digests.of_code(path) for path in files]


def _step_inputs(project: Project, step: Step, model: Model) -> list[Any]:
    opener = project.opener(step.opener, model.spec.framework) if step.opener else None
    return [
        digests.of_code(project.step_module(step.format, step.source)),
        step.options,
        environment_digest(project, step.environment),
        opener_digest(opener) if opener else None,
    ]
