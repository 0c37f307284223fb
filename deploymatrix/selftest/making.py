"""`selftest`: mutants of everything that the selected cells are made of, and what the comparison says of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TypeVar

from deploymatrix.execution.logs import log_path
from deploymatrix.execution.sampled import samples_for
from deploymatrix.numerics.compare import Answers
from deploymatrix.numerics.tensors import Array, load
from deploymatrix.project.plan import PlannedCell, Task, export_id, reference_tasks, run_id
from deploymatrix.selftest.answers import answer_mutants
from deploymatrix.selftest.artifacts import DAMAGES, damaged, lookalike, renamed, run_task
from deploymatrix.selftest.judging import Judgement, fate_of, judge
from deploymatrix.selftest.kinds import KINDS, Kind, Maker
from deploymatrix.selftest.mutants import (
    NO_SITE,
    ModelMutant,
    can_mutate,
    model_mutant,
    stale,
    tasks_in_place_of,
)
from deploymatrix.selftest.recording import judged_record, record
from deploymatrix.selftest.records import Mutant
from deploymatrix.selftest.workbench import Workbench, limits_on, written_answers

Item = TypeVar("Item")
SAID = "mutant: "
UNDONE = "its artifact answers as the original does, not as the mutant: the exporter undid the change"
MISSES = 3  # kinds tried for each mutant that is wanted: most models have no place for most kinds
PROBE = 1000  # added to a model's seed: samples that nobody chose


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How many mutants: kinds, places of a model for each, seconds of exports a cell, the most of all."""

    kinds: tuple[Kind, ...]
    places: int = 3
    seconds: float = 40.0
    sample: int | None = None

    def of(self, *makers: Maker) -> list[Kind]:
        return [kind for kind in self.kinds if kind.maker in makers]

    def fitting(self, cell: PlannedCell, *makers: Maker) -> list[Kind]:
        """Return the kinds of these makers that the cell's judgement must reveal."""
        judgement = cell.target.variants[cell.variant].judgement
        return [kind for kind in self.of(*makers) if kind.fits(judgement)]

    def share(self, part: float) -> int | None:
        """Return how many mutants a part of all may be."""
        return None if self.sample is None else max(1, round(self.sample * part))


def make_and_judge(bench: Workbench, cells: list[PlannedCell], extent: Extent) -> list[Mutant]:
    """Make mutants of cells that pass, let each take its original's place, and judge what comes of it."""
    found, mutants = _reference(bench, cells, extent)
    chosen = _choose(bench, cells, mutants, extent)
    tasks: dict[str, Task] = {}
    for mutant, cell in chosen:
        tasks |= tasks_in_place_of(cell, mutant.model)
    artifacts = _artifact_tasks(bench, cells, extent)
    for needed, task, _, _ in artifacts:
        tasks |= {**needed, task.id: task}
    bench.run(tasks)
    found += _probe(bench, chosen, [_judge_model(bench, mutant, cell) for mutant, cell in chosen])
    found += [_judge_artifact(bench, task, kind, cell) for _, task, kind, cell in artifacts]
    found += _spread(_judge_answers(bench, cells, extent), extent.share(0.3))
    return found


def _reference(bench: Workbench, cells: list[PlannedCell], extent: Extent) -> tuple[list[Mutant], list[ModelMutant]]:
    """Freeze mutants of every model, place after place: as long as it has one for the kind, and a cell has room."""
    models = {cell.model.name: cell.model for cell in cells}.values()
    room = {m.name: max(_room(bench, cell, extent) for cell in cells if cell.model.name == m.name) for m in models}
    fitting = {(c.model.name, k.name) for c in cells for k in extent.fitting(c, "weight", "graph")}
    pairs = [(m, k) for m in models for k in extent.of("weight", "graph") if (m.name, k.name) in fitting]
    alive = [(m, k) for m, k in pairs if can_mutate(bench.project, m, k)]
    alive.sort(key=lambda pair: (pair[1].family != "control", _chance(pair[1].name)))
    broken: list[Mutant] = []
    made: list[ModelMutant] = []
    for pick in range(extent.places):
        here = []
        for model in models:
            wanted = room[model.name] - sum(mutant.original is model for mutant in made)
            kinds = [kind for m, kind in alive if m is model][: MISSES * max(wanted, 0)]
            weights = bench.reference(model).files / "weights"
            here += [model_mutant(bench.project, model, weights, kind, pick) for kind in kinds]
        tasks: dict[str, Task] = {}
        for mutant in here:
            tasks |= reference_tasks(mutant.model)
        bench.run(tasks)
        for mutant in here:
            failure = bench.failure(mutant.reference)
            if failure is None:
                made.append(mutant)
            elif failure.detail.startswith(NO_SITE):
                alive.remove((mutant.original, mutant.kind))
            else:
                broken.append(record(mutant.original, None, mutant.kind, f"place {pick}", "unusable", failure.detail))
    return broken, made


def _choose(
    bench: Workbench, cells: list[PlannedCell], mutants: list[ModelMutant], extent: Extent
) -> list[tuple[ModelMutant, PlannedCell]]:
    """Choose for each cell as many mutants as there is room for: controls and first places first, kinds mixed."""
    pairs = []
    for cell in cells:
        fitting = extent.fitting(cell, "weight", "graph")
        of_model = [m for m in mutants if m.original.name == cell.model.name and m.kind in fitting]
        order = sorted(of_model, key=lambda m: (m.kind.family != "control", m.pick, _chance(m.kind.name)))
        pairs += [(mutant, cell) for mutant in order[: _room(bench, cell, extent)]]
    share = extent.share(0.5)
    return pairs if share is None else sorted(pairs, key=lambda p: _chance(p[0].model.name + p[1].name))[:share]


def _room(bench: Workbench, cell: PlannedCell, extent: Extent) -> int:
    """Return how many mutants the seconds of a cell's reference and exports allow; at least two controls and one."""
    return max(3, int(extent.seconds / max(bench.seconds(cell), 0.1)))


def _artifact_tasks(
    bench: Workbench, cells: list[PlannedCell], extent: Extent
) -> list[tuple[dict[str, Task], Task, Kind, PlannedCell]]:
    """Return what to make, the run of a wrong artifact, its kind and its cell."""
    found: list[tuple[dict[str, Task], Task, Kind, PlannedCell]] = []
    for cell in cells:
        artifact = bench.artifact(cell)
        assert artifact is not None and cell.route is not None
        for kind in extent.fitting(cell, "artifact"):
            source, needed = f"{kind.name} artifact of {cell.name}", dict[str, Task]()
            if kind.name in DAMAGES:
                bench.give(source, damaged(bench.context.store, artifact, kind.name))
            elif kind.name == "stale-seed" and bench.seconds(cell) <= extent.seconds:
                other = stale(cell.model)
                needed, source = (
                    tasks_in_place_of(cell, other, upto="export"),
                    export_id(other, cell.route),
                )
            elif kind.name == "other-model" and (owner := lookalike(cell, cells)) is not None:
                owned = bench.artifact(owner)
                assert owned is not None
                bench.give(source, renamed(bench.context.store, owned, owner.model, cell.model))
            else:
                continue
            found.append((needed, run_task(cell, source, kind.name), kind, cell))
    return list(_spread(found, extent.share(0.2)))


def _judge_model(bench: Workbench, mutant: ModelMutant, cell: PlannedCell) -> Mutant:
    change = _change(bench, mutant)
    placed = replace(cell, model=mutant.model)
    run, artifact = bench.entry(run_id(placed)), bench.artifact(placed)
    if run is None or artifact is None:
        failed = bench.failure(run_id(placed))
        return record(mutant.original, cell, mutant.kind, change, "unusable", failed.detail if failed else "")
    second = bench.second(placed)
    judgement, _ = bench.judged(cell, run, artifact, second)
    if judgement.outcome == "passed" and bench.judged(placed, run, artifact, second)[0].outcome == "mismatch":
        return record(mutant.original, cell, mutant.kind, change, "unusable", UNDONE)
    frozen = bench.entry(mutant.reference)
    assert frozen is not None
    distance = bench.float64_distance(cell, bench.reference(mutant.original), frozen)
    return _judged(cell, mutant.kind, change, judgement, distance)


def _judge_artifact(bench: Workbench, task: Task, kind: Kind, cell: PlannedCell) -> Mutant:
    failure = bench.failure(task.id)
    if failure is not None and failure.stage in ("load", "run"):
        judgement = Judgement(outcome=failure.outcome, detail=failure.detail[:300], draws=(), share=None)
        return _judged(cell, kind, "", judgement, None)
    run, artifact = bench.entry(task.id), bench.entry(task.source)
    if run is None or artifact is None:
        return record(cell.model, cell, kind, "", "unusable", failure.detail if failure else "")
    judgement, moved = bench.judged(cell, run, artifact, bench.second(cell))
    return _judged(cell, kind, "", judgement, moved)


def _judge_answers(bench: Workbench, cells: list[PlannedCell], extent: Extent) -> list[Mutant]:
    found = []
    for cell in cells:
        run, artifact, reference = bench.entry(run_id(cell)), bench.artifact(cell), bench.reference(cell.model)
        assert run is not None and artifact is not None
        second = bench.second(cell)
        evaluated = second.files if second else None
        names = [output.name for output in cell.model.spec.outputs]
        samples = range(len(samples_for(cell.model, artifact, reference)))
        outputs: dict[str, list[Array]] = {n: [load(run.files / str(i) / f"{n}.npy") for i in samples] for n in names}
        for kind in extent.fitting(cell, "answer"):
            for change, changed in answer_mutants(kind.name, outputs):
                with written_answers(cell, reference, changed, artifact) as answers:
                    given = replace(answers, evaluated=evaluated)
                    found.append(_judge_answer(bench, cell, kind, change, given))
    return found


def _judge_answer(bench: Workbench, cell: PlannedCell, kind: Kind, change: str, answers: Answers) -> Mutant:
    judgement = judge(answers, limits_on(cell))
    moved = bench.moved(cell, answers) if judgement.outcome == "passed" else None
    return _judged(cell, kind, change, judgement, moved)


def _probe(bench: Workbench, chosen: list[tuple[ModelMutant, PlannedCell]], found: list[Mutant]) -> list[Mutant]:
    """Hold mutants that were not noticed against their originals on samples of another draw.

    One that differs there is no equivalent: the samples are blind to it.
    """
    unnoticed = [i for i, mutant in enumerate(found) if mutant.fate in ("equivalent", "survived")]
    pairs = {i: _redrawn(bench, chosen[i][0]) for i in unnoticed if chosen[i][0].kind.family != "control"}
    tasks: dict[str, Task] = {}
    for pair in pairs.values():
        for mutant in pair:
            tasks |= reference_tasks(mutant.model)
    bench.run(tasks)
    probed = list(found)
    for i, (original, mutant) in pairs.items():
        references = bench.entry(original.reference), bench.entry(mutant.reference)
        if references[0] is not None and references[1] is not None:
            there = bench.float64_distance(chosen[i][1], references[0], references[1])
            fate = fate_of("passed", found[i].distance, there)
            probed[i] = found[i].model_copy(update={"probed": there, "fate": fate})
    return probed


def _redrawn(bench: Workbench, mutant: ModelMutant) -> tuple[ModelMutant, ModelMutant]:
    """Return the original with its frozen weights, and the mutant, both with samples of another draw."""
    seed, weights = mutant.original.spec.seed + PROBE, bench.reference(mutant.original).files / "weights"
    unchanged = model_mutant(bench.project, mutant.original, weights, KINDS["unchanged"], 0)
    return unchanged.redrawn(seed), mutant.redrawn(seed)


def _judged(cell: PlannedCell, kind: Kind, change: str, judgement: Judgement, distance: float | None) -> Mutant:
    return judged_record(cell, kind, change, fate_of(judgement.outcome, distance), judgement, distance)


def _change(bench: Workbench, mutant: ModelMutant) -> str:
    """Return what the source said that it changed, which is in the log of the mutant's reference."""
    log = log_path(bench.project.build, mutant.reference)
    said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    told = next((line.removeprefix(SAID) for line in said if line.startswith(SAID)), "")
    return told or f"place {mutant.pick}"


def _spread(items: list[Item], share: int | None) -> list[Item]:
    """Return evenly spread items, at most `share`."""
    if share is None or share >= len(items):
        return items
    return [items[i * len(items) // share] for i in range(share)]


def _chance(text: str) -> str:
    """Return an order that is no order, and always the same."""
    return hashlib.sha256(text.encode()).hexdigest()
