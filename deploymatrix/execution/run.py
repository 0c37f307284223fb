"""One run from selection to matrix: plan, execute, blame, write."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deploymatrix.execution.assembly import build_matrix, measure_cell
from deploymatrix.execution.blame import cells_to_verify
from deploymatrix.execution.executor import Execution, Listener
from deploymatrix.execution.explain_plan import Explanation, explain_plan
from deploymatrix.execution.keys import current_inputs
from deploymatrix.execution.stages.context import Bench
from deploymatrix.host.isolation import choose_isolation, reap_containers
from deploymatrix.host.workshop import Workshop
from deploymatrix.matrix.files import MEASUREMENTS, write_matrix
from deploymatrix.matrix.records import Matrix, Measurements, Work
from deploymatrix.matrix.shards import take_shard
from deploymatrix.matrix.verdicts import read_rules
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.say import Say
from deploymatrix.store.files import write_json
from deploymatrix.store.live_runs import announced
from deploymatrix.store.store import Store

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run. `jobs` 0: as many as there are cores. `expectations`: a file beside the targets' own entries.

    `shard`: the part of the plan that is decided, i/n or target=NAME; the whole plan where it is None.
    """

    isolation: Literal["auto", "docker", "process"] = "auto"
    jobs: int = 0
    fresh: bool = False
    expectations: Path | None = None
    shard: str | None = None


def run(project: Project, selection: Selection, options: RunOptions, listener: Listener, say: Say) -> Matrix:
    """Decide every selected cell and write matrix.json and measurements.json.

    The matrix is written before anything runs, with every cell `missing`: a run that dies leaves no older green one.
    Raises ConfigurationError, NothingSelected; EnvironmentFailed when docker isolation is asked for and there is none.
    """
    started, rules = time.monotonic(), read_rules(project, options.expectations)
    planned = plan_cells(project, selection)
    cells, shard = take_shard(options.shard, planned) if options.shard is not None else (planned, None)
    inputs = current_inputs(project, cells)
    isolation, client = choose_isolation(options.isolation, say)
    run_id, jobs = uuid.uuid4().hex[:12], options.jobs or os.cpu_count() or 1
    workshop = Workshop(project, isolation=isolation, client=client, run_id=run_id, jobs=jobs, say=say)
    execution = Execution(
        Bench(project=project, store=Store(project.build / "store"), workshop=workshop),
        jobs=jobs,
        fresh=options.fresh,
        listener=listener,
    )
    write_matrix(build_matrix(project, workshop, selection, cells, {}, rules, inputs, shard), project.build)
    reap_containers(client, None)
    try:
        with announced(project.build, run_id):
            execution.run(plan_tasks(cells))
            execution.run(plan_tasks(cells_to_verify(project, cells, execution.results)))
    finally:
        workshop.close_all()
        reap_containers(client, run_id)
        matrix = build_matrix(project, workshop, selection, cells, execution.results, rules, inputs, shard)
        write_matrix(matrix, project.build)
        _write_measurements(project, cells, execution, options.shard or "1/1", time.monotonic() - started)
    return matrix


def explain(project: Project, selection: Selection, options: RunOptions, say: Say) -> list[Explanation]:
    """What `run` would take from the store, and why not the rest. Nothing is executed."""
    isolation, client = choose_isolation(options.isolation, say)
    workshop = Workshop(project, isolation=isolation, client=client, run_id="explain", jobs=1, say=say)
    bench = Bench(project=project, store=Store(project.build / "store"), workshop=workshop)
    planned = plan_cells(project, selection)
    cells = take_shard(options.shard, planned)[0] if options.shard is not None else planned
    return list(explain_plan(bench, plan_tasks(cells)))


def _write_measurements(
    project: Project, cells: list[PlannedCell], execution: Execution, part: str, wall_s: float
) -> None:
    work = Work(wall_s=round(wall_s, 3), exports=execution.executed["export"], runs=execution.executed["run"])
    measurements = Measurements(
        **work.model_dump(),
        parts={part: work},
        cells=tuple(measure_cell(cell, execution.results) for cell in cells),
    )
    write_json(project.build / MEASUREMENTS, measurements)
