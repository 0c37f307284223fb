"""One run from selection to matrix: plan, execute, blame, write."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deploymatrix.blame import cells_to_verify
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.execute import Execution, Listener
from deploymatrix.explain_plan import Explanation, explain_plan
from deploymatrix.keys import current_inputs
from deploymatrix.live_runs import announced
from deploymatrix.matrix import MEASUREMENTS, build_matrix, measure_cell, write_matrix
from deploymatrix.plan import PlannedCell, Selection, plan_cells, plan_tasks
from deploymatrix.project import Project
from deploymatrix.records import Isolation, Matrix, Measurements, Work
from deploymatrix.shards import take_shard
from deploymatrix.store import Store, write_json
from deploymatrix.task_requests import Bench
from deploymatrix.verdicts import read_rules
from deploymatrix.workshop import Workshop

if TYPE_CHECKING:
    from docker import DockerClient

Say = Callable[[str], None]


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
    _reap(client, None)
    try:
        with announced(project.build, run_id):
            execution.run(plan_tasks(cells))
            execution.run(plan_tasks(cells_to_verify(project, cells, execution.results)))
    finally:
        workshop.close_all()
        _reap(client, run_id)
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


def choose_isolation(wanted: Literal["auto", "docker", "process"], say: Say) -> tuple[Isolation, DockerClient | None]:
    """Containers when an engine answers; never silently anything else."""
    if wanted == "process":
        return "process", None
    from deploymatrix.containers import engine

    client = engine()
    if client is not None:
        return "docker", client
    if wanted == "docker":
        raise EnvironmentFailed("--isolation docker: no Docker engine answers; start it, or use --isolation process")
    say("no Docker engine answers: every artifact runs in a process of its target's runtime-only environment")
    return "process", None


def _reap(client: DockerClient | None, run_id: str | None) -> None:
    """Remove the containers of this run; without a run id, those that runs which are gone left behind."""
    if client is None:
        return
    from deploymatrix.container_labels import reap, reap_stale

    if run_id is None:
        reap_stale(client)
    else:
        reap(client, run_id)


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
