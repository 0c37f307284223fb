"""The bundle of a cell: a zip with which somebody who has nothing of this project sees the cell fail.

Artifact or source, samples, reference outputs, the code that runs or exports, the worker, the lock, and a program that
puts them together. The same cell gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploymatrix.environments.plain_locks import PACKAGES, plain_lock, plain_packages
from deploymatrix.errors import StoreCorrupted
from deploymatrix.execution.model_files import NUMERICS
from deploymatrix.execution.reads import located
from deploymatrix.execution.sampled import samples_for
from deploymatrix.execution.stages.compare import limits
from deploymatrix.execution.stages.dispatch import question_of
from deploymatrix.execution.stages.samples import count, ensure_samples
from deploymatrix.execution.stages.signature import Given, declared_outputs
from deploymatrix.host.worker_program import WorkerProgram
from deploymatrix.numerics.failing import named
from deploymatrix.project.limits import limits_of
from deploymatrix.project.model_specs import Tensor
from deploymatrix.project.project import Model
from deploymatrix.repro.evidence import PROGRAMS, Evidence
from deploymatrix.repro.packing import Files
from deploymatrix.repro.readme import readme
from deploymatrix.store.entries import EVALUATED

PROGRAMS_OF = ("sample", "sample_labelled")  # kinds of tasks that make samples, and so are given none
SKIPPED = frozenset({"__pycache__", "node_modules"})
BESIDE = (f"artifact/{EVALUATED}/", f"source/{EVALUATED}/")  # an artifact, and no part of it


def bundle_files(evidence: Evidence) -> Files:
    """Return the bundle's files by their names in it, sorted; a file of the store or the project by its path."""
    places = _places(evidence)
    imported = _imported_places(evidence) if evidence.task.target is None else {}
    named = {**places, **imported}
    files: Files = {"bundle.json": _json(_description(evidence, named)), "README.md": readme(evidence).encode()}
    for folder, name in imported.items():
        read = (path for path in _files_read(evidence) if path.is_relative_to(folder))
        files |= {f"{name}/{path.relative_to(folder).as_posix()}": path for path in read}
    for folder, name in places.items():
        files |= {inner: path for inner, path in _files_below(folder, name) if not inner.startswith(BESIDE)}
    requirements = dict(plain_lock(evidence.recipe.installer, evidence.recipe.lock).files)
    if evidence.packages is not None:
        requirements |= plain_packages(evidence.packages.lock).files
    return dict(sorted({**files, **program_files(evidence.worker), **requirements}.items()))


def program_files(worker: WorkerProgram) -> Files:
    """Return what reproduces in the worker's language: the programs, the worker, the comparison."""
    files: Files = {path.name: path for path in PROGRAMS.glob(f"*{worker.language}") if path.stem != "__init__"}
    files |= dict(_files_below(worker.folder, "worker", worker.suffix))
    files |= dict(_files_below(worker.modules, "modules")) if worker.modules is not None else {}
    return files | dict(_files_below(NUMERICS, "numerics", worker.language))


def _places(evidence: Evidence) -> dict[Path, str]:
    """Return the folders that go into the bundle, and their names in it."""
    context, task, model = evidence.context, evidence.task, evidence.task.model
    places = {} if task.kind in PROGRAMS_OF else {ensure_samples(context, evidence.needs).files: "samples"}
    if task.target is not None:
        reference, artifact = evidence.needs.reference, evidence.needs.source
        chosen = samples_for(model, artifact, evidence.needs.samples)
        places |= {reference.files / str(sample): f"reference/{index}" for index, sample in enumerate(chosen)}
        places |= {} if evidence.evaluation is None else {evidence.evaluation.files: "evaluated"}
        return {**places, artifact.files: "artifact", task.target.folder: f"targets/{task.target.name}"}
    project = context.project
    if task.route is not None:
        step = task.step
        places[project.step_module(step.format, step.source).parent] = f"pipelines/{step.format}"
        if step.opener is None:
            return {**places, evidence.needs.source.files: "source"}
        places[evidence.needs.source.files / "weights"] = "weights"
        framework = step.opener
    else:
        framework = model.spec.framework
    opener = project.opener(framework, model.spec.framework)
    places[opener.parent] = f"pipelines/frameworks/{framework}"
    return {**places, **_model_places(model)}


def _imported_places(evidence: Evidence) -> dict[Path, str]:
    """Return the folders that the model imports from: of those of `pythonpath` the files that were read go in."""
    model, packages = evidence.task.model, evidence.packages
    beside = [folder for folder in model.import_folders if folder != model.folder]
    found = {folder: f"models/{model.name}-path/{index}" for index, folder in enumerate(beside)}
    if packages is not None:
        found[packages.folder(evidence.context.project.build / "envs")] = PACKAGES
    return found


def _files_read(evidence: Evidence) -> list[Path]:
    project = evidence.context.project
    return [located(project, name) for name in evidence.context.keys.reads.of(evidence.task.id)]


def _model_places(model: Model) -> dict[Path, str]:
    """Return the model's folder and files that it names elsewhere; for a model without code also what builds it."""
    elsewhere = [path for path in model.source_paths if not path.resolve().is_relative_to(model.folder.resolve())]
    places = {
        **{path: f"models/{model.name}-source/{index}-{path.name}" for index, path in enumerate(elsewhere)},
        model.folder: f"models/{model.name}",
    }
    if model.source_module is None:
        return places
    return {
        **places,
        model.source_module.parent: f"pipelines/frameworks/{model.spec.framework}/sources",
    }


def _files_below(folder: Path, name: str, suffix: str = "") -> Iterator[tuple[str, Path]]:
    if folder.is_file():
        yield name, folder
    for path in sorted(folder.rglob(f"*{suffix}")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(part in SKIPPED or part.startswith(".") for part in inner.parts):
            yield f"{name}/{inner.as_posix()}", path


def _description(evidence: Evidence, places: Mapping[Path, str]) -> dict[str, Any]:
    """Return bundle.json: the cell, the worker's request, and what its answer is compared with."""
    cell, task = evidence.cell, evidence.task
    question = question_of(evidence.context, evidence.needs).__dict__
    request = {"task": task.kind, **{name: value for name, value in question.items() if name != "packages"}}
    about: dict[str, Any] = {key: getattr(cell, key) for key in ("outcome", "stage", "blame", "detail", "versions")}
    about |= {"outcome": named(cell.outcome, [word for word in cell.fails if word != "accuracy"])}
    about |= {"cell": cell.name, "language": evidence.worker.language, "variables": evidence.variables}
    about["command"] = evidence.worker.command[1:]  # of the program that reproduces: it starts the worker likewise
    about |= {"request": _relative(request, places)}
    about |= {} if task.kind in PROGRAMS_OF else {"samples": _samples(evidence)}
    outputs: Sequence[Tensor | Given] = task.model.spec.judged_outputs
    judged_by: dict[str, Any] = {}
    if task.target is not None:
        outputs = declared_outputs(task.model, evidence.needs.source.about["signature"])
        judged_by = {"limits": limits(task), "orders": evidence.needs.reference.about.get("orders", [])}
    elif task.kind == "reference" and evidence.needs.samples is not None and evidence.needs.samples.about["expected"]:
        judged_by = {"limits": limits_of(task.model, evidence.target, cell.variant)}
    return {**about, **judged_by, "outputs": [output.model_dump(mode="json") for output in outputs]}


def _samples(evidence: Evidence) -> int:
    """Return how many samples the task takes."""
    task, needs = evidence.task, evidence.needs
    return count(needs) if task.kind == "reference" else len(samples_for(task.model, needs.source, needs.samples))


def _relative(value: Any, places: Mapping[Path, str]) -> Any:
    """Return the request with each path as {"path": name in the bundle}."""
    if isinstance(value, Path):
        return {"path": _name_in_bundle(value, places)}
    if isinstance(value, dict):
        return {key: _relative(inner, places) for key, inner in value.items()}
    return [_relative(inner, places) for inner in value] if isinstance(value, list | tuple) else value


def _name_in_bundle(path: Path, places: Mapping[Path, str]) -> str:
    for folder, name in places.items():
        if path.is_relative_to(folder):
            inner = path.relative_to(folder).as_posix()
            return name if inner == "." else f"{name}/{inner}"
    raise StoreCorrupted(f"{path} lies in no folder that goes into the bundle")


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
