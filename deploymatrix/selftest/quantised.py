"""Mutants of quantised artifacts: numbers of the quantisation changed in the artifact, and other calibration samples.

What the format's own module changes plays two faults. If the runtime is at fault, the graph is the original's, and the
second reference with it: fidelity must tell. If the quantiser is, the second reference is of the wrong graph, too: only
the loss can tell. Other calibration samples are the quantiser's fault alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.execution.logs import log_path
from deploymatrix.execution.step_files import code_of_step, module_of
from deploymatrix.project.plan import Task, export_id, plan_tasks, run_id
from deploymatrix.project.routes import find_route
from deploymatrix.selftest.artifacts import run_task
from deploymatrix.selftest.judging import Judgement, fate_of
from deploymatrix.selftest.kinds import FEW_LEVELS, Kind
from deploymatrix.selftest.mutants import NO_SITE, tasks_in_place_of
from deploymatrix.selftest.recording import judged_record, record
from deploymatrix.selftest.workbench import Workbench, answers_in, is_noise

if TYPE_CHECKING:
    from deploymatrix.project.plan import PlannedCell
    from deploymatrix.project.project import Project
    from deploymatrix.project.routes import Route, Step
    from deploymatrix.selftest.making import Extent
    from deploymatrix.selftest.records import Fault, Mutant

IN_ARTIFACT = "mutants/quantised_mutant.py"  # of a format
IN_CALIBRATION = "pipelines/variants/calibration_mutant.py"
SAID = "mutant: "
REFUSED = "refused: "  # what the step says of such a file: it is no artifact, though the mutant is run for all that
FAULTS: dict[str, tuple[Fault, ...]] = {"quantised": ("runtime", "quantiser"), "calibration": ("quantiser",)}


OF_THE_QUANTISER = {"layer-left"}  # no runtime plays it


@dataclass(frozen=True, kw_only=True)
class QuantisedMutant:
    """A cell's artifact with one change. `pick`: which of the places that the kind can be applied to."""

    cell: PlannedCell
    kind: Kind
    pick: int
    export: Task

    @property
    def run(self) -> Task:
        """The task that runs it on the cell's target."""
        return run_task(self.cell, self.export.id, f"{self.kind.name}-{self.pick}")

    @property
    def evaluation(self) -> Task:
        """The task that answers for it in exact arithmetic."""
        return replace(self.run, id=f"evaluate {self.export.id}", kind="evaluate", target=None)


def make_quantised(bench: Workbench, cells: list[PlannedCell], extent: Extent) -> list[Mutant]:
    """Make mutants of the artifacts of cells whose noise is judged; judge what a target answers with each."""
    made = _made(bench, [cell for cell in cells if is_noise(cell)], extent)
    share = extent.share(0.5)
    if share is not None and share < len(made):
        made = [made[i * len(made) // share] for i in range(share)]
    tasks: dict[str, Task] = {}
    for mutant in made:
        assert mutant.cell.route is not None
        tasks[mutant.run.id] = mutant.run
        if mutant.cell.route.evaluated_in:
            tasks[mutant.evaluation.id] = mutant.evaluation
    bench.run(tasks)
    return [found for mutant in made for fault in _faults(bench, mutant) for found in [_judged(bench, mutant, fault)]]


def _made(bench: Workbench, cells: list[PlannedCell], extent: Extent) -> list[QuantisedMutant]:
    """Return the mutants that have a place, or that could not be made for another reason; place after place."""
    alive = [(cell, kind) for cell in cells for kind in extent.fitting(cell, *FEW_LEVELS)]
    changed = (
        cell for cell, kind in alive if kind.maker == "quantised" and _mutates(bench.project, cell.target.spec.format)
    )
    given = _given(bench, changed)
    made: list[QuantisedMutant] = []
    for pick in range(extent.places):
        here = [m for cell, kind in alive for m in _mutant(bench.project, cell, kind, pick, given)]
        bench.run({mutant.export.id: mutant.export for mutant in here})
        failures = [bench.failure(mutant.export.id) for mutant in here]
        here = [m for m, f in zip(here, failures, strict=True) if f is None or not f.detail.startswith(NO_SITE)]
        made += here
        alive = [(mutant.cell, mutant.kind) for mutant in here]
    return made


def _given(bench: Workbench, cells: Iterable[PlannedCell]) -> dict[str, str]:
    """Make what is quantised, in full precision; return its file by cell. Empty: there is none, or it can't be made."""
    whole = {cell.name: (cell, _whole(bench.project, cell)) for cell in cells}
    tasks: dict[str, Task] = {}
    for cell, route in whole.values():
        if route is not None:
            tasks |= tasks_in_place_of(replace(cell, variant=cell.beside, route=route), cell.model, upto="export")
    bench.run(tasks)
    entries = {name: route and bench.entry(export_id(cell.model, route)) for name, (cell, route) in whole.items()}
    return {name: str(entry.files / entry.about["entry"]) if entry else "" for name, entry in entries.items()}


def _whole(project: Project, cell: PlannedCell) -> Route | None:
    return find_route(project, cell.model, cell.target.spec.format, cell.beside) if cell.beside else None


def _mutant(
    project: Project, cell: PlannedCell, kind: Kind, pick: int, given: Mapping[str, str]
) -> Iterator[QuantisedMutant]:
    """Yield the mutant, if the format or the variant has such: calibration is changed as a whole, once."""
    assert cell.route is not None
    last = plan_tasks([cell])[export_id(cell.model, cell.route)]
    step = None
    if kind.maker == "quantised":
        options = {"kind": kind.name, "pick": pick, "given": given.get(cell.name, "")}
        step, source = _in_artifact(project, last.step, cell.route.evaluated_in, options), last.id
    elif project.variants[cell.variant].calibration and not pick:
        step, source = _in_calibration(project, last.step, kind), last.source
    if step is not None:
        route = replace(cell.route, steps=(*cell.route.steps[:-1], step))
        task = replace(last, id=f"{last.id} {kind.name}-{pick}", source=source, route=route)
        yield QuantisedMutant(cell=cell, kind=kind, pick=pick, export=task)


def _in_artifact(project: Project, last: Step, environment: str, options: dict[str, Any]) -> Step | None:
    module = _mutates(project, last.format)
    environment = environment or last.environment
    if module is None:
        return None
    return replace(last, source=last.format, environment=environment, options=options, opener=None, module=module)


def _in_calibration(project: Project, last: Step, kind: Kind) -> Step | None:
    module = _found(project, IN_CALIBRATION)
    if module is None:
        return None
    options = {
        "kind": kind.name,
        "step": str(module_of(project, last)),
        "given": last.options,
        "code": code_of_step(project, last),
    }
    return replace(last, options=options, module=module)


def _mutates(project: Project, format_: str) -> Path | None:
    """Return what changes artifacts of a format; None where it has no such."""
    return _found(project, f"pipelines/{format_}/{IN_ARTIFACT}")


def _found(project: Project, part: str) -> Path | None:
    return next((tree / part for tree in project.trees if (tree / part).is_file()), None)


def _faults(bench: Workbench, mutant: QuantisedMutant) -> tuple[Fault, ...]:
    """Return what the mutant plays: where nothing answers for a graph, the two are one."""
    faults = FAULTS[mutant.kind.maker]
    one = bench.second(mutant.cell) is None or mutant.kind.name in OF_THE_QUANTISER
    return faults[-1:] if one else faults


def _judged(bench: Workbench, mutant: QuantisedMutant, fault: Fault) -> Mutant:
    cell, change = mutant.cell, _said(bench, mutant, SAID) or f"place {mutant.pick}"
    told = _told(bench, mutant, fault)
    if told is not None:
        return judged_record(cell, mutant.kind, change, "killed", told, None, fault)
    run, artifact = bench.entry(mutant.run.id), bench.entry(mutant.export.id)
    if run is None or artifact is None:
        failure = bench.failure(mutant.run.id)
        return record(cell.model, cell, mutant.kind, change, "unusable", failure.detail if failure else "")
    second = bench.second(cell, mutant.evaluation.id if fault == "quantiser" else "")
    judgement, _ = bench.judged(cell, run, artifact, second)
    distance = _distance(bench, mutant, fault)
    return judged_record(cell, mutant.kind, change, fate_of(judgement.outcome, distance), judgement, distance, fault)


def _told(bench: Workbench, mutant: QuantisedMutant, fault: Fault) -> Judgement | None:
    """Return what tells before any answer is judged: the runtime, or the step, which refuses what a quantiser did."""
    failure, unmade = bench.failure(mutant.run.id), bench.failure(mutant.export.id)
    refused = _said(bench, mutant, REFUSED)
    if unmade is not None and mutant.kind.maker == "calibration":
        return Judgement(outcome=unmade.outcome, detail=unmade.detail[:300], draws=(), share=None)
    if fault == "quantiser" and refused:
        return Judgement(outcome="export_failed", detail=refused[:300], draws=(), share=None)
    if failure is not None and failure.stage in ("load", "run"):
        return Judgement(outcome=failure.outcome, detail=failure.detail[:300], draws=(), share=None)
    return None


def _distance(bench: Workbench, mutant: QuantisedMutant, fault: Fault) -> float | None:
    """Return how far the mutant is from the original, as a multiple of the noise that is there anyway.

    For a fault of the quantiser, of both graphs in exact arithmetic, where it is known.
    """
    cell = mutant.cell
    before, after = bench.entry(run_id(cell)), bench.entry(mutant.run.id)
    exact = bench.second(cell), bench.second(cell, mutant.evaluation.id)
    if fault == "quantiser" and None not in exact:
        before, after = exact
    assert before is not None and after is not None
    answers = answers_in(after.files, cell.model, bench.reference(cell.model), bench.entry(mutant.export.id))
    return bench.moved_from(cell, answers, before, quantiser=fault == "quantiser")


def _said(bench: Workbench, mutant: QuantisedMutant, word: str) -> str:
    """Return what the log of the export says behind a word; empty where it does not."""
    log = log_path(bench.project.build, mutant.export.id)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return next((line.removeprefix(word) for line in lines if line.startswith(word)), "")
