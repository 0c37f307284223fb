"""The key of each task: the digest of exactly what its result depends on, part by part.

A source is known by the digest of its content, not of how it was made: an export that is repeated and comes out the
same leaves everything behind it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deploymatrix.execution.metric_keys import budget_inputs, metric_inputs, scoring_code
from deploymatrix.execution.model_files import NUMERICS, Key, ModelFiles, code_of
from deploymatrix.execution.reads import Reads
from deploymatrix.execution.runner_files import code_of_runner
from deploymatrix.execution.sampled import static_of
from deploymatrix.execution.step_files import code_of_evaluator, code_of_step
from deploymatrix.execution.surroundings import environment_digest, made_for, opener_digest, passed_values
from deploymatrix.execution.wire import wire_spec, wire_state
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.recipes import exporters_base, runtime_recipe
from deploymatrix.host.worker_program import worker_digest, worker_of
from deploymatrix.project.calibration import calibration_split
from deploymatrix.project.labelled import labelling
from deploymatrix.project.limits import limits_of
from deploymatrix.project.own_samples import program
from deploymatrix.project.plan import PlannedCell
from deploymatrix.project.project import Model, Project
from deploymatrix.project.routes import Route, Step, layers_module
from deploymatrix.project.targets import Target
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry

# The files that each judgement consists of: a change in one leaves the results of the others as they are.
JUDGING = (
    *("compare.py", "differences.py", "figures.py", "judging.py", "limits.py", "npy.py", "outliers.py"),
    *("decisions.py", "failing.py", "fidelity.py", "ragged.py", "shapes.py", "slices.py", "stability.py", "tensors.py"),
)
CHECKED_WITH = ("differences.py", "npy.py", "outliers.py", "ragged.py", "shapes.py", "tensors.py")
COMPARING = tuple(NUMERICS / name for name in JUDGING)
CHECKING = tuple(NUMERICS / name for name in ("references.py", *CHECKED_WITH))
EXPECTING = (NUMERICS / "expected.py",)


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
        """Make the key of the samples: drawn from the model's declarations, or of files, or of samples.py."""
        if program(model) is None:
            return self._files(model).samples
        return Key({**self._samples(model), **passed_values(self._project), **self._contained})

    def _samples(self, model: Model) -> dict[str, Any]:
        """List what samples depend on; those of samples.py on the framework's environment and on all beside it, too."""
        found = self._files(model).samples.parts
        return found if program(model) is None else {**found, **self._programs(model)}

    def reference(self, model: Model, samples: Entry | None = None, labels: Entry | None = None) -> Key:
        """Make the key of a reference: the model's code, declarations and samples, and how its framework runs it.

        `samples`, `labels`: the model's own, and its labelled data, if it has any.
        """
        found = self._reference(model, self._samples_digest(model, samples))
        found |= {} if labels is None else {"labelled": labels.about["inputs"]}
        return Key({**found, **passed_values(self._project), **self._contained})

    def labelled(self, model: Model) -> Key:
        """Make the key of labelled data: of files, or of labelled.py, which runs where samples.py does."""
        if labelling(model) is None:
            return self._files(model).labelled
        return Key({**self._labelled(model), **passed_values(self._project), **self._contained})

    def _labelled(self, model: Model) -> dict[str, Any]:
        found = self._files(model).labelled.parts
        return found if labelling(model) is None else {**found, **self._programs(model)}

    def _programs(self, model: Model) -> dict[str, Any]:
        """List what a program beside the model depends on: all beside it, and the framework's environment."""
        project, framework = self._project, model.spec.framework
        return {
            "beside": self._files(model).code,
            "framework": digests.of_code(project.opener(framework, framework)),
            "environment": environment_digest(project, project.frameworks[framework].environment),
            "worker": self._exporting,
        }

    def _samples_digest(self, model: Model, own: Entry | None) -> str:
        """Return what stands for the samples in other keys: of own ones the content of the inputs alone."""
        return self._files(model).samples.digest if own is None else str(own.about["inputs"])

    def _reference(self, model: Model, samples: str) -> dict[str, Any]:
        """List the same, but for the values of the variables that are passed: the gate's machine need not have them."""
        project, files, framework = self._project, self._files(model), model.spec.framework
        return {
            "model": files.code,
            "source": files.source,
            "spec": wire_spec(model, ""),
            "samples": samples,
            "framework": opener_digest(project.opener(framework, framework)),
            "environment": environment_digest(project, project.frameworks[framework].environment),
            "checks": code_of(CHECKING),
            "worker": self._exporting,
        }

    def artifact(
        self,
        model: Model,
        variant: str,
        step: Step,
        source: Entry,
        samples: Entry | None = None,
        calibration: Entry | None = None,
    ) -> Key:
        """Make the key of an artifact: its step's code, options and environment, its source, and what opens that."""
        project, files = self._project, self._files(model)
        opener = project.opener(step.opener, model.spec.framework) if step.opener else None
        return Key(
            {
                "step": code_of_step(project, step),
                "options": step.options,
                "environment": environment_digest(project, step.environment),
                **made_for(step),
                "spec": wire_spec(model, variant, static_of(source)),
                "samples": self._samples_digest(model, samples),
                "source": source.digest,
                "opener": opener_digest(opener) if opener else None,
                "model": [files.code, files.source] if opener else None,
                "limits": [model.spec.timeouts.export, model.spec.memory_mb],
                "warnings": self._warning_rules(step.format),
                **self._calibration(model, variant, calibration),
                "worker": self._exporting,
                **passed_values(project),
                **self._contained,
            }
        )

    def _calibration(self, model: Model, variant: str, own: Entry | None) -> dict[str, str]:
        if not self._project.variants[variant].calibration:
            return {}
        return {"calibration": self._samples_digest(calibration_split(model), own)}

    def run(self, model: Model, target: Target, artifact: Entry, facts: HostFacts, samples: Entry | None = None) -> Key:
        """Make the key of a run: the artifact, the samples, the runner's code, the runtime and the limits."""
        return Key(
            {
                "artifact": artifact.digest,
                "samples": self._samples_digest(model, samples),
                "runner": code_of_runner(self._project, target),
                "isolation": facts.isolation,
                "runtime": facts.runtime_digest(target),
                "limits": [model.spec.timeouts.run, target.spec.resources.model_dump(mode="json")],
                "worker": self._worker(target),
                **wire_state(model),
            }
        )

    def answers(self, model: Model, target: Target, artifact: Entry, facts: HostFacts, labels: Entry) -> Key:
        """Make the key of what an artifact answers to labelled samples: a run, each once."""
        run = self.run(model, target, artifact, facts, labels)
        return Key({**run.parts, "labelled": True})

    def scores(self, model: Model, reference: Entry, labels: Entry, answers: Entry) -> Key:
        """Make the key of what metric.py makes of answers."""
        answered = [entry.digest for entry in (reference, labels, answers)]
        return Key({**self._programs(model), "scoring": scoring_code(model), "answered": answered})

    def evaluation(self, model: Model, route: Route, artifact: Entry, samples: Entry | None = None) -> Key:
        """Make the key of what an artifact comes to in exact arithmetic: its samples, and what evaluates it."""
        return Key(
            {
                "artifact": artifact.digest,
                "samples": self._samples_digest(model, samples),
                **self._evaluator(route),
                "limits": [model.spec.timeouts.export, model.spec.memory_mb],
                "worker": self._exporting,
                **self._contained,
                **wire_state(model),
            }
        )

    def layers(self, made: Key, step: Step, artifact: Entry) -> Key:
        """Make the key of where noise enters an artifact: what made it, and what looks."""
        module = layers_module(self._project, step.format)
        code = [digests.of_code(path) for path in sorted(module.parent.glob("*.py"))]
        return Key({**made.parts, "artifact": artifact.digest, "layers": code})

    def _evaluator(self, route: Route) -> dict[str, str]:
        return {
            "evaluator": code_of_evaluator(self._project, route.steps[-1].format),
            "environment": environment_digest(self._project, route.evaluated_in),
        }

    def cell(
        self,
        run: Entry,
        reference: Entry,
        artifact: Entry,
        limits: dict[str, float | None],
        samples: Entry | None = None,
        evaluation: Entry | None = None,
    ) -> Key:
        """Make the key of a comparison: both sides, the limits, what is expected, and the code that compares."""
        is_expected = samples is not None and samples.about["expected"]
        return Key(
            {
                **({"expected": samples.digest, "expecting": code_of(EXPECTING)} if samples and is_expected else {}),
                "run": run.digest,
                **({"evaluation": evaluation.digest} if evaluation else {}),
                "reference": reference.digest,
                "outputs": artifact.about["signature"]["outputs"],
                "limits": limits,
                "code": comparing_code(),
                **({"static": static_of(artifact)} if static_of(artifact) else {}),
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
                samples = Key(self._samples(cell.model)).digest
                metric = metric_inputs(cell.model, self._labelled(cell.model))
                models[cell.model.name] = Key({**self._reference(cell.model, samples), **metric}).digest
        return {cell.name: self._cell_inputs(cell, models[cell.model.name]) for cell in cells}

    def _cell_inputs(self, cell: PlannedCell, model: str) -> str:
        project = self._project
        steps = cell.route.steps if cell.route else ()
        return digests.of_data(
            {
                "model": model,
                "steps": [_step_inputs(project, step, cell.model) for step in steps],
                **(self._evaluator(cell.route) if cell.route and cell.route.evaluated_in else {}),
                "warnings": [self._warning_rules(step.format) for step in steps],
                "runner": code_of_runner(project, cell.target),
                "runtime": [digests.of_code(path) for path in runtime_recipe(project, cell.target).files],
                "image": self._image(cell.target),
                "limits": limits_of(cell.model, cell.target, cell.variant),
                **budget_inputs(cell),
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
            base = digests.of_code_folder(self._project.base_folder(runner)) if runner.spec.debian else None
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


def comparing_code() -> list[str]:
    """Digest the code that compares, file by file."""
    return code_of(COMPARING)


def _step_inputs(project: Project, step: Step, model: Model) -> list[Any]:
    opener = project.opener(step.opener, model.spec.framework) if step.opener else None
    return [
        code_of_step(project, step),
        step.options,
        environment_digest(project, step.environment),
        opener_digest(opener) if opener else None,
    ]
