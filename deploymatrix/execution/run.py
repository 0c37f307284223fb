"""One run from selection to matrix: plan, execute, blame, write."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from deploymatrix.execution.assembly import PlannedRun, build_matrix, measure_cell
from deploymatrix.execution.blame import cells_to_verify
from deploymatrix.execution.disagreement import disagreements
from deploymatrix.execution.executor import Execution, Listener
from deploymatrix.execution.explain_plan import TaskExplanation, explain_plan
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.layer_tasks import layer_tasks
from deploymatrix.execution.publishing import Publisher
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.isolation import IsolationChoice, choose_isolation
from deploymatrix.host.local import Host, local_host
from deploymatrix.host.model_locks import require_locks
from deploymatrix.matrix.beside import with_ratios
from deploymatrix.matrix.locks import locks_of
from deploymatrix.matrix.measurements import Measurements, PartOfRun
from deploymatrix.matrix.records import Matrix
from deploymatrix.matrix.shards import take_shard
from deploymatrix.matrix.verdicts import read_rules
from deploymatrix.project.plan import Selection, plan_cells, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.project.trust import require_trust
from deploymatrix.say import Say
from deploymatrix.store.files import naming


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run. `jobs` 0: as many as there are cores. `expectations`: a file beside the targets' own entries.

    `shard`: the part of the plan that is decided, i/n or target=NAME; the whole plan where it is None.
    """

    isolation: IsolationChoice = "auto"
    jobs: int = 0
    fresh: bool = False
    expectations: Path | None = None
    shard: str | None = None

    @property
    def width(self) -> int:
        """How many tasks are done at a time."""
        return self.jobs or os.cpu_count() or 1


def run(project: Project, selection: Selection, options: RunOptions, listener: Listener, say: Say) -> Matrix:
    """Decide every selected cell on this machine, and write matrix.json and measurements.json.

    Raise ConfigurationError, NothingSelected; EnvironmentFailed when docker isolation is asked for and there is none.
    """
    planned = plan_run(project, selection, options)
    require_trust(project, (cell.model for cell in planned.cells))
    require_locks(project, (cell.model for cell in planned.cells))
    with naming(project.build), local_host(project, options.isolation, jobs=options.width, say=say) as host:
        return decide(planned, host, options, listener, say)


def plan_run(project: Project, selection: Selection, options: RunOptions) -> PlannedRun:
    """List what a run sets out to decide. Raise ConfigurationError, NothingSelected."""
    rules = read_rules(project, options.expectations)
    planned = plan_cells(project, selection)
    cells, shard = take_shard(options.shard, planned) if options.shard is not None else (planned, None)
    keys = Keys(project)
    return PlannedRun(
        project=project,
        selection=selection,
        cells=cells,
        rules=rules,
        keys=keys,
        inputs=keys.current_inputs(cells),
        planned=len(planned if selection == selection.whole else plan_cells(project, selection.whole)),
        locks=locks_of(project, planned),
        shard=shard,
    )


def decide(planned: PlannedRun, host: Host, options: RunOptions, listener: Listener, say: Say) -> Matrix:
    """Decide the planned cells on a host; whatever ends it, write the matrix of what was decided.

    The matrix is written before anything runs, with every cell `missing`: a run that dies leaves no older green one.
    """
    started, project = time.monotonic(), planned.project
    context = StageContext.of(project, host.facts, planned.keys)
    execution = Execution(context, host.pool, jobs=options.width, fresh=options.fresh, listener=listener)
    publisher = Publisher(project.build, say)
    publisher.begin(build_matrix(planned, host.facts, {}))
    try:
        tasks = plan_tasks(planned.cells)
        execution.run(tasks)
        further = plan_tasks(cells_to_verify(project, planned.cells, execution.results))
        execution.run(further)
        execution.run(layer_tasks(project, planned.cells, execution.results))
        if execution.executed:  # else all of it has just been looked at
            execution.check({**tasks, **further})
    finally:
        matrix = build_matrix(planned, host.facts, execution.results)
        measured = _measure(planned, execution, matrix, options.shard or "1/1", time.monotonic() - started)
        publisher.end(matrix, measured, disagreements(planned.cells, execution.results))
    return matrix


def explain(project: Project, selection: Selection, options: RunOptions, say: Say) -> list[TaskExplanation]:
    """Tell what `run` would take from the store, and why not the rest. Nothing is executed, and no worker is made."""
    isolation, _ = choose_isolation(options.isolation, say)
    planned = plan_run(project, selection, options)
    context = StageContext.of(project, HostFacts(project, isolation), planned.keys)
    return list(explain_plan(context, plan_tasks(planned.cells)))


def _measure(planned: PlannedRun, execution: Execution, matrix: Matrix, part: str, wall_s: float) -> Measurements:
    measured = (measure_cell(cell, execution.results) for cell in planned.cells)
    figures = PartOfRun(wall_s=round(wall_s, 3), exports=execution.executed["export"], runs=execution.executed["run"])
    return Measurements(
        **figures.model_dump(),
        parts={part: figures},
        cells=with_ratios(measured, matrix.cells),
    )
