"""Mutants of models: ordinary models, which the pipeline takes like any, built from another one's frozen weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploymatrix.execution.wire import wire_source
from deploymatrix.project.plan import PlannedCell, Task, plan_tasks, reference_id
from deploymatrix.project.project import Model, Project
from deploymatrix.project.source_specs import ModelSource
from deploymatrix.selftest.kinds import Kind
from deploymatrix.store import digests

NO_SITE = "NoSite"  # what a source raises where the model has nothing to change


@dataclass(frozen=True, kw_only=True)
class ModelMutant:
    """A model with one change. `pick`: which of the places that the kind can be applied to."""

    original: Model
    kind: Kind
    pick: int
    model: Model

    @property
    def reference(self) -> str:
        """The id of the task that freezes it."""
        return reference_id(self.model)

    def redrawn(self, seed: int) -> ModelMutant:
        """Return the same mutant with samples of another seed."""
        spec = self.model.spec.model_copy(update={"seed": seed})
        return replace(self, model=replace(self.model, name=f"{self.model.name}~draw-{seed}", spec=spec))


def model_mutant(project: Project, original: Model, weights: Path, kind: Kind, pick: int) -> ModelMutant:
    """Make the mutant of a model whose frozen weights lie in the folder `weights`.

    The samples are the original's, since seed and inputs are. It has no metric: its answers alone must reveal it.
    """
    sources = _sources(project, original)
    options = {
        "module": str(original.module),
        "given": _given(project, original),
        "kind": kind.name,
        "pick": pick,
        "code": digests.of_code_folder(sources),
    }
    source = ModelSource(kind=f"{kind.maker}_mutant", path=str(weights), options=options, trust=True)
    model = Model(
        name=f"{original.name}~{kind.name}-{pick}",
        folder=original.folder,
        spec=original.spec.model_copy(update={"source": source, "calibrate": False, "metric": None}),
        source_module=sources / f"{kind.maker}_mutant.py",
    )
    return ModelMutant(original=original, kind=kind, pick=pick, model=model)


def can_mutate(project: Project, model: Model, kind: Kind) -> bool:
    """Tell whether the model's framework makes mutants of this kind's maker at all."""
    return (_sources(project, model) / f"{kind.maker}_mutant.py").is_file()


def stale(model: Model) -> Model:
    """Return the same model with weights of another seed; its samples are others, too."""
    spec = model.spec.model_copy(update={"seed": model.spec.seed + 1})
    return replace(model, name=f"{model.name}~stale", spec=spec)


def tasks_in_place_of(cell: PlannedCell, model: Model, *, upto: str = "run") -> dict[str, Task]:
    """Return the tasks that put another model into a cell, up to its run or only to its export."""
    without = {"compare", "answer", "score"} | (set() if upto == "run" else {"run"})
    return {id_: task for id_, task in plan_tasks([replace(cell, model=model)]).items() if task.kind not in without}


def _sources(project: Project, model: Model) -> Path:
    framework = model.spec.framework
    return project.opener(framework, framework).parent / "sources"


def _given(project: Project, model: Model) -> dict[str, object] | None:
    given = wire_source(project, model)
    return None if given is None else {name: str(v) if isinstance(v, Path) else v for name, v in given.items()}
