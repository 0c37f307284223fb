"""Fakes for the engine's own speed: a project of thousands of cells, and a pool of workers that answers at once.

What children would write is laid out beforehand, so that none of it counts as the engine's work.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.execution.outcomes import Result
from deploymatrix.host.messages import Place, Reply, TaskName, Work

TARGETS = 10
SAMPLES = 4
TENSORS = (
    '[[inputs]]\nname = "x"\ndtype = "float32"\nshape = [1, 4]\n'
    '[[outputs]]\nname = "y"\ndtype = "float32"\nshape = [1, 3]\n'
)
RUNNER = 'entry = "run.py"\ninstaller = "pip"\nbase = "none"\ncommand = ["python3", "{worker}"]\n'
SIGNATURE = {
    "inputs": {"x": {"name": "x", "dtype": "float32", "shape": [1, 4]}},
    "outputs": {"y": {"name": "y", "dtype": "float32", "shape": [1, 3]}},
}
VALUES: dict[str, dict[str, Any]] = {
    "reference": {"eager_s": 0.0, "orders": []},
    "export": {"entry": "artifact", "signature": SIGNATURE, "repairs": []},
    "run": {"outputs": ["y"], "extra": [], "missing": [], "checks": [], "load_s": 0.0, "run_s": [0.0]},
}


class InstantPool:
    """A pool that hands out files that are there already. Thread-safe."""

    def __init__(self, folder: Path, cells: int) -> None:
        self._folder = folder
        self._handed_out = {kind: itertools.count() for kind in VALUES}
        for number in range(cells // TARGETS):
            _fill(folder / f"reference-{number}" / "out", "float64", "float32")
        for number in range(cells):
            _fill(folder / f"run-{number}" / "out", None)
            artifact = folder / f"export-{number}" / "out" / "artifact"
            artifact.parent.mkdir(parents=True)
            artifact.write_text(str(number))

    def prepare(self, place: Place) -> None:
        """Nothing to make."""

    def close(self, place: Place) -> None:
        """Nothing to stop."""

    def close_all(self) -> None:
        """Nothing to stop."""

    def work(self, place: Place, task: TaskName, **_: object) -> Work:
        folder = self._folder / f"{task}-{next(self._handed_out[task])}"
        reply = Reply("ok", task, value={**VALUES[task], "versions": {}}, cpu_s=0.0, peak_mb=1.0)
        return Work(reply=reply, out=folder / "out", log=folder / "log.txt")


class Silent:
    """A listener that does not listen."""

    def planned(self, total: int, cached: int) -> None: ...
    def started(self, id_: str) -> None: ...
    def finished(self, id_: str, result: Result | None) -> None: ...
    def noted(self, id_: str, what: str) -> None: ...


def make_project(root: Path, models: int) -> Path:
    """`models` models on ten targets, each of a format of its own: per cell an export, a run and a comparison."""
    files = {
        "pipelines/frameworks/fake/framework.toml": 'environment = "fake"\n',
        "pipelines/frameworks/fake/framework.py": "",
        "pipelines/environments/fake.lock": "",
        "docker/python/Dockerfile": "",
        "docker/python/runner.toml": RUNNER,
    }
    for number in range(TARGETS):
        files |= {
            f"pipelines/format{number}/pipeline.toml": '[[steps]]\nfrom = "fake"\nenvironment = "fake"\n',
            f"pipelines/format{number}/from_fake.py": f"ENTRY = 'artifact{number}'\n",
            f"targets/target{number}/target.toml": (
                f'format = "format{number}"\nrunner = "python"\nvariants = ["fp32"]\n[limits]\nfp32 = 1e-5\n'
            ),
            f"targets/target{number}/run.py": "",
            f"targets/target{number}/requirements.lock": "",
        }
    for number in range(models):
        files[f"models/model{number:05}/model.toml"] = f'framework = "fake"\nseed = {number}\n{TENSORS}'
        files[f"models/model{number:05}/model.py"] = ""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _fill(out: Path, *dtypes: str | None) -> None:
    """As a worker leaves it: <sample>/y.npy, or one file for each dtype of a reference."""
    for sample in range(SAMPLES):
        place = out / str(sample)
        place.mkdir(parents=True)
        for dtype in dtypes:
            name = f"y.{dtype}.npy" if dtype else "y.npy"
            np.save(place / name, np.array([[sample, sample * 0.5, 1.0]], dtype=dtype or "float32"))
