"""`selftest --reds`: cells that pass, decided again with other samples, other weights and other numbers of threads.

Another draw keeps the weights and the artifact: only references and runs are new. Another seed has new weights, and
so new artifacts, where exporting them is cheap. A variant whose ranges are taken from samples is made anew with other
ones instead of another draw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from deploymatrix.project.plan import (
    PlannedCell,
    Task,
    evaluation_id,
    export_id,
    reference_id,
    reference_tasks,
    run_id,
    samples_id,
)
from deploymatrix.project.project import Model
from deploymatrix.selftest.artifacts import run_task
from deploymatrix.selftest.kinds import KINDS
from deploymatrix.selftest.mutants import can_mutate, model_mutant, tasks_in_place_of
from deploymatrix.selftest.records import Again
from deploymatrix.selftest.workbench import Workbench

FIRST_DRAW = 2000  # added to a model's seed, further draws count on from there
SEEDS, CHEAP_S = 2, 15.0  # further seeds of a cell, where its exports take no longer than this


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """A cell with other samples or weights.

    `run`, `artifact`, `second`: ids of the tasks that leave its answers, its artifact and what that comes to in exact
    arithmetic; the last is empty where nothing tells.
    """

    cell: PlannedCell
    model: Model
    circumstances: str
    run: str
    artifact: str
    second: str
    tasks: dict[str, Task]


def repetitions(bench: Workbench, cells: list[PlannedCell], draws: int) -> list[Repetition]:
    """List what to decide again: each cell with each draw, and cheap cells with other seeds."""
    frozen = [cell for cell in cells if can_mutate(bench.project, cell.model, KINDS["unchanged"])]
    redrawn = [
        _recalibrated(cell, draw) if _calibrates(cell) else _redrawn(bench, cell, draw)
        for draw in range(draws)
        for cell in frozen
    ]
    cheap = [cell for cell in cells if bench.seconds(cell) <= CHEAP_S]
    return [*redrawn, *(_reseeded(cell, seed) for seed in range(1, SEEDS + 1) for cell in cheap)]


def decide(bench: Workbench, again: Iterable[Repetition], threads: int) -> list[Again]:
    """Do what is not done yet, and judge it as the matrix would."""
    again = list(again)
    tasks: dict[str, Task] = {}
    for repetition in again:
        tasks |= repetition.tasks
    bench.run(tasks)
    return [_verdict(bench, repetition, threads) for repetition in again]


def _redrawn(bench: Workbench, cell: PlannedCell, draw: int) -> Repetition:
    """Give the frozen weights and the artifact other samples."""
    weights = bench.reference(cell.model).files / "weights"
    seed = cell.model.spec.seed + FIRST_DRAW + draw
    model = model_mutant(bench.project, cell.model, weights, KINDS["unchanged"], 0).redrawn(seed).model
    assert cell.route is not None
    artifact = export_id(cell.model, cell.route)
    task = run_task(replace(cell, model=model), artifact, "again")
    second = replace(task, id=f"{task.id} exactly", kind="evaluate", target=None)
    tasks = [task, second] if cell.route.evaluated_in else [task]
    return Repetition(
        cell=cell,
        model=model,
        circumstances=f"draw {draw + 1}",
        run=task.id,
        artifact=artifact,
        second=second.id if second in tasks else "",
        tasks={**reference_tasks(model), **{task.id: task for task in tasks}},
    )


def _calibrates(cell: PlannedCell) -> bool:
    """Tell whether the variant's ranges are taken from samples that are drawn."""
    return cell.target.variants[cell.variant].calibration and cell.model.spec.calibration_samples is None


def _recalibrated(cell: PlannedCell, draw: int) -> Repetition:
    """Quantise again with other calibration samples: what the quantising step starts from, and the reference, stay."""
    assert cell.route is not None
    spec = cell.model.spec.model_copy(update={"calibration_seed": FIRST_DRAW + draw})
    model = replace(cell.model, name=f"{cell.model.name}~calibration-{draw + 1}", spec=spec)
    again = _placed(cell, model, f"draw {draw + 1}")
    *before, _ = cell.route.prefixes()
    if not before:  # it starts from the model itself
        return again
    reference, samples = reference_id(cell.model), samples_id(cell.model)
    ids = [id_ for id_ in (again.artifact, again.run, again.second) if id_]
    tasks = {id_: replace(again.tasks[id_], reference=reference, samples=samples) for id_ in ids}
    tasks[again.artifact] = replace(tasks[again.artifact], source=export_id(cell.model, before[-1]))
    return replace(again, model=cell.model, tasks=tasks)


def _reseeded(cell: PlannedCell, seed: int) -> Repetition:
    """Build the model with other weights, and export it again."""
    spec = cell.model.spec.model_copy(update={"seed": cell.model.spec.seed + FIRST_DRAW - seed})
    return _placed(cell, replace(cell.model, name=f"{cell.model.name}~seed-{seed}", spec=spec), f"seed {seed}")


def _placed(cell: PlannedCell, model: Model, circumstances: str) -> Repetition:
    """Take all tasks of the cell, with another model in its place."""
    placed = replace(cell, model=model)
    assert placed.route is not None
    return Repetition(
        cell=cell,
        model=model,
        circumstances=circumstances,
        run=run_id(placed),
        artifact=export_id(model, placed.route),
        second=evaluation_id(placed) if placed.route.evaluated_in else "",
        tasks=tasks_in_place_of(cell, model),
    )


def _verdict(bench: Workbench, again: Repetition, threads: int) -> Again:
    circumstances = f"{again.circumstances}, {threads} threads"
    run, artifact = bench.entry(again.run), bench.entry(again.artifact)
    reference = bench.entry(reference_id(again.model))
    unmade = map(bench.failure, (reference_id(again.model), again.run, again.second))
    failed = next((failure for failure in unmade if failure is not None), None)
    if failed is not None:
        outcome, share, detail = str(failed.outcome), None, failed.detail[:300]
    else:
        assert run is not None and artifact is not None and reference is not None, "nothing failed"
        cell = replace(again.cell, model=again.model)
        judgement, _ = bench.judged(cell, run, artifact, bench.second(cell, again.second))
        outcome, share, detail = judgement.outcome, judgement.share, judgement.detail
    return Again(
        cell=again.cell.name,
        circumstances=circumstances,
        outcome=outcome,
        before="passed",
        share=share,
        detail=detail,
    )
