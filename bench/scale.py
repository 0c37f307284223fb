"""The engine alone: thousands of cells whose tasks are done in no time, so that only its own work is left.

Each size is measured in a process of its own: `python -m bench.scale CELLS FOLDER` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Figure, figure
from bench.instant import TARGETS, InstantPool, Silent, make_project
from deploymatrix.execution.run import RunOptions, decide, plan_run
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.local import Host
from deploymatrix.project.plan import Selection
from deploymatrix.project.project import Project

SIZES = (1_000, 3_000, 10_000)
OPTIONS = RunOptions(isolation="process", jobs=2)


def section(folder: Path, repeats: int, sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Figures of every size, sizes interleaved; growth is of medians, the largest over the smallest."""
    measured: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for _ in range(repeats):
        for size in sizes:
            measured[size].append(_in_a_process(size, folder))
    figures = [
        figure(f"scale.{key}.{size}", [run[key] for run in runs], unit)
        for size, runs in measured.items()
        for key, unit in (("per_cell", "ms"), ("cpu_per_cell", "ms"), ("rerun_per_cell", "ms"), ("peak", "MiB"))
    ]
    growth = [
        last["per_cell"] / first["per_cell"]
        for first, last in zip(measured[sizes[0]], measured[sizes[-1]], strict=True)
    ]
    return [*figures, figure(f"scale.growth.{sizes[0]}-{sizes[-1]}", growth, "x")]


def _in_a_process(cells: int, folder: Path) -> dict[str, float]:
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale", str(cells), str(folder)], check=True, capture_output=True, text=True
    )
    shutil.rmtree(folder)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(cells: int, folder: Path) -> dict[str, float]:
    """Decide `cells` fake cells, then decide them again from the store. Milliseconds per cell, MiB of this process."""
    project = Project(root=make_project(folder / "project", cells // TARGETS), build=folder / "build")
    outbox = folder / "outbox"
    pool = InstantPool(outbox, cells)
    os.sync()  # what the fakes wrote shall not be waited for by the engine
    first_s, first_cpu_s = _timed_run(project, pool, cells)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    second_s, _ = _timed_run(project, pool, cells)
    return {
        "per_cell": first_s / cells * 1e3,
        "cpu_per_cell": first_cpu_s / cells * 1e3,
        "rerun_per_cell": second_s / cells * 1e3,
        "peak": peak_kib / 1024,
    }


def _timed_run(project: Project, pool: InstantPool, expected: int) -> tuple[float, float]:
    """Wall and CPU seconds of a whole run, from reading the project to the written matrix."""
    wall, cpu = time.perf_counter(), time.process_time()
    fresh = Project(root=project.root, build=project.build)
    host = Host(HostFacts(fresh, "process"), pool)
    matrix = decide(plan_run(fresh, Selection(), OPTIONS), host, OPTIONS, Silent(), print)
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    failed = [cell for cell in matrix.cells if cell.outcome != "passed"]
    if failed or len(matrix.cells) != expected:
        raise RuntimeError(f"{len(matrix.cells)} cells, {len(failed)} did not pass: {failed[:1]}")
    return seconds


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))))
