"""The engine alone: thousands of cells whose tasks are done in no time, so that only its own work is left.

Run as `python -m bench.scale CELLS FOLDER`; prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.execute import Execution
from deploymatrix.keys import current_inputs
from deploymatrix.matrix import build_matrix, write_matrix
from deploymatrix.outcomes import Result
from deploymatrix.plan import Selection, TaskKind, plan_cells, plan_tasks
from deploymatrix.project import Project
from deploymatrix.stages import Bench
from deploymatrix.store import Store
from deploymatrix.verdicts import read_rules
from deploymatrix.workers import Reply
from deploymatrix.workshop import Place, Work

TARGETS = 10


class InstantWorkshop:
    """Stands in for the workshop: answers every request at once, with the files that a worker would leave."""

    isolation = "process"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runtime_digest(self, target: object) -> str:
        return "instant"

    def image_digest(self, target: object) -> None:
        return None

    def prepare(self, place: Place) -> None:
        """Nothing to make."""

    def close(self, place: Place) -> None:
        """Nothing to stop."""

    def close_all(self) -> None:
        """Nothing to stop."""

    def work(self, place: Place, kind: TaskKind, *, args: dict[str, Any], **_: object) -> Work:
        folder = self._folder / uuid.uuid4().hex
        out = folder / "out"
        out.mkdir(parents=True)
        value = {"reference": _reference, "export": _export, "run": _run}[kind](out, args)
        reply = Reply("ok", kind, value={**value, "versions": {}}, cpu_s=0.0, peak_mb=1.0)
        return Work(reply=reply, out=out, log=folder / "log.txt")


class Silent:
    """A listener that does not listen."""

    def planned(self, total: int, cached: int) -> None: ...
    def started(self, id_: str) -> None: ...
    def finished(self, id_: str, result: Result | None) -> None: ...


def measure(cells: int, folder: Path) -> dict[str, float]:
    """Decide `cells` fake cells, then decide them again from the store. Seconds, and MiB of this process's peak."""
    project = Project(root=_make_project(folder / "project", cells // TARGETS), build=folder / "build")
    first = _timed_run(project, cells)
    second = _timed_run(project, cells)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cells": cells,
        "wall_s": first,
        "per_cell_ms": first / cells * 1e3,
        "rerun_s": second,
        "rerun_per_cell_ms": second / cells * 1e3,
        "peak_mb": peak_mb,
    }


def _timed_run(project: Project, expected: int) -> float:
    start = time.perf_counter()
    fresh = Project(root=project.root, build=project.build)
    cells = plan_cells(fresh, Selection())
    workshop: Any = InstantWorkshop(fresh.build / "work")
    execution = Execution(
        Bench(project=fresh, store=Store(fresh.build / "store"), workshop=workshop),
        jobs=2,
        fresh=False,
        listener=Silent(),
    )
    execution.run(plan_tasks(cells))
    matrix = build_matrix(
        fresh, workshop, Selection(), cells, execution.results, read_rules(fresh), current_inputs(fresh, cells)
    )
    write_matrix(matrix, fresh.build)
    seconds = time.perf_counter() - start
    passed = sum(cell.outcome == "passed" for cell in matrix.cells)
    if passed != expected:
        raise RuntimeError(
            f"{passed} of {expected} cells passed: {next(c for c in matrix.cells if c.outcome != 'passed')}"
        )
    return seconds


def _make_project(root: Path, models: int) -> Path:
    """`models` models on ten targets: one format, so an export for each model, and a run and a comparison for each cell."""
    files = {
        "pipelines/frameworks/fake/framework.toml": 'environment = "fake"\n',
        "pipelines/frameworks/fake/framework.py": "",
        "pipelines/environments/fake.lock": "",
        "docker/python/Dockerfile": "",
    }
    for number in range(TARGETS):
        files[f"pipelines/format{number}/pipeline.toml"] = '[[sources]]\nsource = "fake"\nenvironment = "fake"\n'
        files[f"pipelines/format{number}/from_fake.py"] = f"ENTRY = 'artifact{number}'\n"
        target = f'format = "format{number}"\nrunner = "python"\n[limits]\nfp32 = 1e-5\n'
        files[f"targets/target{number}/target.toml"] = target
        files[f"targets/target{number}/run.py"] = ""
        files[f"targets/target{number}/requirements.lock"] = ""
    tensors = '[[inputs]]\nname = "x"\ndtype = "float32"\nshape = [1, 4]\n[[outputs]]\nname = "y"\ndtype = "float32"\nshape = [1, 3]\n'
    for number in range(models):
        files[f"models/model{number:05}/model.toml"] = f'framework = "fake"\nseed = {number}\n{tensors}'
        files[f"models/model{number:05}/model.py"] = ""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _reference(out: Path, args: dict[str, Any]) -> dict[str, Any]:
    for index in range(len(args["samples"])):
        (out / str(index)).mkdir()
        for dtype in ("float64", "float32"):
            np.save(out / str(index) / f"y.{dtype}.npy", _answer(index).astype(dtype))
    return {"eager_s": 0.0}


def _export(out: Path, args: dict[str, Any]) -> dict[str, Any]:
    (out / "artifact").write_text(args["spec"]["name"])
    tensor = {"name": "y", "dtype": "float32", "shape": [1, 3]}
    return {
        "entry": "artifact",
        "signature": {"inputs": {"x": {**tensor, "name": "x", "shape": [1, 4]}}, "outputs": {"y": tensor}},
    }


def _run(out: Path, args: dict[str, Any]) -> dict[str, Any]:
    for index in range(len(args["samples"])):
        (out / str(index)).mkdir()
        np.save(out / str(index) / "y.npy", _answer(index).astype("float32"))
    return {"outputs": ["y"], "extra": [], "missing": [], "load_s": 0.0, "run_s": [0.0]}


def _answer(index: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([[index, index * 0.5, 1.0]])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))))
