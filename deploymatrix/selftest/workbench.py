"""What the mutants of one call share: the cells that pass, the execution that decides tasks, and the judgement."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploymatrix.execution.outcomes import Done, Failed
from deploymatrix.execution.sampled import samples_for
from deploymatrix.execution.stages.signature import declared_outputs
from deploymatrix.numerics.compare import Answers
from deploymatrix.numerics.limits import Limits
from deploymatrix.numerics.tensors import Array, load
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import (
    PlannedCell,
    Task,
    compare_id,
    evaluation_id,
    export_id,
    plan_tasks,
    reference_id,
    run_id,
)
from deploymatrix.project.project import Model, Project
from deploymatrix.selftest.judging import Judgement, distance, judge
from deploymatrix.selftest.noise import noise_distance, units_of
from deploymatrix.store.entries import Entry

if TYPE_CHECKING:
    from deploymatrix.execution.executor import Execution
    from deploymatrix.execution.stages.context import StageContext


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """The cells under test and the tasks' results."""

    context: StageContext
    execution: Execution

    @property
    def project(self) -> Project:
        return self.context.project

    def run(self, tasks: Mapping[str, Task]) -> None:
        """Decide tasks; those that are decided already cost nothing."""
        if tasks:
            self.execution.run(tasks)

    def entry(self, id_: str) -> Entry | None:
        """Return what a task left; None where it failed or was not asked for."""
        result = self.execution.results.get(id_)
        return result.entry if isinstance(result, Done) else None

    def failure(self, id_: str) -> Failed | None:
        result = self.execution.results.get(id_)
        return result if isinstance(result, Failed) else None

    def give(self, id_: str, entry: Entry) -> None:
        """Let an entry stand for what the task `id_` left."""
        self.execution.results[id_] = Done(entry=entry, cached=True)

    def take_over(self, other: Workbench, *, without: str) -> None:
        """Take the results of another workbench, but for those of tasks of one kind."""
        done = other.execution.results.items()
        self.execution.results.update({id_: result for id_, result in done if not id_.startswith(f"{without} ")})

    def passing(self, cells: Iterable[PlannedCell]) -> tuple[list[PlannedCell], list[str]]:
        """Decide cells as `run` does; return those that pass, and the names of the others with their outcomes."""
        planned = [cell for cell in cells if cell.route is not None]
        self.run(plan_tasks(planned))
        outcomes = {cell.name: self._outcome(cell) for cell in planned}
        good = [cell for cell in planned if outcomes[cell.name] == "passed"]
        return good, [f"{name}: {outcome}" for name, outcome in outcomes.items() if outcome != "passed"]

    def reference(self, model: Model) -> Entry:
        entry = self.entry(reference_id(model))
        assert entry is not None, f"{model.name} was referenced"
        return entry

    def artifact(self, cell: PlannedCell) -> Entry | None:
        assert cell.route is not None
        return self.entry(export_id(cell.model, cell.route))

    def seconds(self, cell: PlannedCell) -> float:
        """Return what a cell's reference and the exports of its route took, when they were made."""
        assert cell.route is not None
        exports = [self.entry(export_id(cell.model, prefix)) for prefix in cell.route.prefixes()]
        found = [self.reference(cell.model), *exports]
        return sum(float(entry.record.measured["wall_s"]) for entry in found if entry)

    def second(self, cell: PlannedCell, id_: str = "") -> Entry | None:
        """Return what a cell's artifact comes to in exact arithmetic, or what the task `id_` evaluated; None where
        nothing tells."""
        assert cell.route is not None
        entry = self.entry(id_ or evaluation_id(cell)) if cell.route.evaluated_in else None
        return None if entry is None or entry.about.get("alone") else entry

    def judged(
        self, cell: PlannedCell, run: Entry, artifact: Entry, second: Entry | None = None
    ) -> tuple[Judgement, float | None]:
        """Judge answers of another artifact in a cell; the distance is the one from the cell's own answers."""
        answers = replace(
            answers_in(run.files, cell.model, self.reference(cell.model), artifact),
            missing=tuple(run.about["missing"]),
            extra=tuple(run.about["extra"]),
            evaluated=second.files if second else None,
        )
        judgement = judge(answers, limits_on(cell))
        known = all(self.entry(id_) is not None for id_ in (compare_id(cell), run_id(cell)))
        comparable = judgement.outcome == "passed" and known
        return judgement, self.moved(cell, answers) if comparable else None

    def moved(self, cell: PlannedCell, answers: Answers) -> float | None:
        """Return how far answers are from the cell's own, as a multiple of eager float32's error."""
        before = self.entry(run_id(cell))
        assert before is not None, f"{cell.name} passed"
        if is_noise(cell):
            return self.moved_from(cell, answers, before)
        words = ["float32", *(f"float32.{order}" for order in answers.orders)]
        with tempfile.TemporaryDirectory() as folder:
            for index, output in itertools.product(range(answers.samples), answers.declared):
                own = _wide(load(before.files / str(index) / f"{output.name}.npy"))
                exact = _wide(answers.of_reference(output.name, "float64")[index])
                save(Path(folder), index, f"{output.name}.float64", own)
                for word in words:
                    eager = _wide(answers.of_reference(output.name, word)[index])
                    save(Path(folder), index, f"{output.name}.{word}", own + (eager - exact))
            return distance(replace(answers, reference=Path(folder), chosen=()), limits_on(cell))

    def float64_distance(self, cell: PlannedCell, reference: Entry, mutant: Entry) -> float | None:
        """Return how far a mutant's float64 answers are from the original's, as a multiple of eager float32's error."""
        spec = cell.model.spec
        with tempfile.TemporaryDirectory() as folder:
            for index, output in itertools.product(range(reference.about["samples"]), spec.outputs):
                exact = load(mutant.files / str(index) / f"{output.name}.float64.npy")
                save(Path(folder), index, output.name, exact.astype(output.dtype))
            answers = answers_in(Path(folder), cell.model, reference, None)
            if is_noise(cell):
                return noise_distance(answers, None, self.units(cell, quantiser=True))
            return distance(answers, limits_on(cell))

    def moved_from(
        self, cell: PlannedCell, answers: Answers, before: Entry, *, quantiser: bool = False
    ) -> float | None:
        """Return how far answers are from others to a cell whose noise is judged, as a multiple of that noise: of its
        graph's, or else of its runtime's own."""
        return noise_distance(answers, before.files, self.units(cell, quantiser=quantiser))

    def units(self, cell: PlannedCell, *, quantiser: bool) -> dict[str, float]:
        """Return the noise of each output of a cell that passed."""
        compared = self.entry(compare_id(cell))
        assert compared is not None, f"{cell.name} passed"
        return units_of(compared.about["outputs"], quantiser=quantiser)

    def _outcome(self, cell: PlannedCell) -> str:
        result = self.execution.results[compare_id(cell)]
        return str(result.entry.about["outcome"]) if isinstance(result, Done) else result.outcome


def is_noise(cell: PlannedCell) -> bool:
    """Tell whether a cell's answers are judged by their noise, as those of few bits are."""
    return cell.target.variants[cell.variant].judgement == "noise"


def limits_on(cell: PlannedCell) -> Limits:
    """Return what bounds the errors of a cell."""
    bounds: dict[str, Any] = {**limits_of(cell.model, cell.target, cell.variant)}
    return Limits(**bounds)


def answers_in(folder: Path, model: Model, reference: Entry, artifact: Entry | None) -> Answers:
    """Return the answers that lie in a folder, with the outputs that the artifact, or else the model, declares."""
    chosen = samples_for(model, artifact or reference, reference)
    return Answers(
        actual=folder,
        reference=reference.files,
        samples=len(chosen),
        chosen=chosen,
        declared=declared_outputs(model, artifact.about["signature"]) if artifact else model.spec.judged_outputs,
        orders=tuple(reference.about.get("orders", ())),
    )


@contextmanager
def written_answers(
    cell: PlannedCell, reference: Entry, outputs: Mapping[str, list[Array]], artifact: Entry
) -> Iterator[Answers]:
    """Give answers that are arrays in memory; only these outputs are declared."""
    with tempfile.TemporaryDirectory() as folder:
        for name, arrays in outputs.items():
            for index, array in enumerate(arrays):
                save(Path(folder), index, name, array)
        answers = answers_in(Path(folder), cell.model, reference, artifact)
        yield replace(answers, declared=tuple(o for o in answers.declared if o.name in outputs))


def save(folder: Path, index: int, name: str, array: Array) -> None:
    (folder / str(index)).mkdir(exist_ok=True)
    np.save(folder / str(index) / f"{name}.npy", array, allow_pickle=False)


def _wide(array: Array) -> Any:
    return array.astype(np.float64) if array.dtype.kind == "f" else array
