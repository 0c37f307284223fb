"""A pool without processes: it answers as workers of the tiny project would, or as a test tells it to."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.messages import Place, Reply, TaskName, Work

SHAPES = {"x": [1, 4], "left": [1, 3], "right": [1, 3]}
SIGNATURE = {
    "inputs": {"x": {"name": "x", "dtype": "float32", "shape": SHAPES["x"]}},
    "outputs": {name: {"name": name, "dtype": "float32", "shape": SHAPES[name]} for name in ("left", "right")},
}
VALUES: dict[str, dict[str, Any]] = {
    "reference": {"eager_s": 0.25, "orders": [], "yardstick": "float64"},
    "export": {"entry": "artifact", "signature": SIGNATURE, "static": {}, "repairs": []},
    "run": {
        "outputs": ["left", "right"],
        "extra": [],
        "missing": [],
        "checks": ["repeat"],
        "load_s": 0.5,
        "run_s": [0.125] * 4,
    },
}


@dataclass
class FakePool:
    """Counts what it is asked. Thread-safe.

    `broken`: places that cannot be made. `faults`: by task and module's folder, the reply that comes instead.
    `reads`: files that each task says to have read. `before`: called before each piece of work, with the place and the
    task.
    """

    folder: Path
    broken: frozenset[Place] = frozenset()
    faults: dict[tuple[str, str], Reply] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    before: Callable[[Place, TaskName], None] = lambda place, task: None
    prepared: list[Place] = field(default_factory=list)
    worked: list[tuple[Place, str]] = field(default_factory=list)
    closed: list[Place] = field(default_factory=list)
    over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, place: Place) -> None:
        with self._lock:
            self.prepared.append(place)
        if place in self.broken:
            raise EnvironmentFailed(f"{place} cannot be made")

    def work(self, place: Place, task: TaskName, *, module: Path, **_: object) -> Work:
        self.before(place, task)
        with self._lock:
            self.worked.append((place, task))
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        reply = self.faults.get((task, module.parent.name)) or _answer(task, place, folder / "out")
        reply = replace(reply, reads=self.reads)
        return Work(reply=reply, out=folder / "out", log=folder / "log.txt")

    def close(self, place: Place) -> None:
        with self._lock:
            self.closed.append(place)

    def close_all(self) -> None:
        self.over = True


def _answer(task: TaskName, place: Place, out: Path) -> Reply:
    """Leave the files that a worker would leave, and say what it would say."""
    if task == "export":
        out.mkdir()
        (out / "artifact").write_text("an artifact")
    else:
        for sample in range(4):
            (out / str(sample)).mkdir(parents=True)
            for name in ("left", "right"):
                _write(out / str(sample), name, sample, ("float64", "float32") if task == "reference" else ())
    versions = {"numpy": "2", place.name: "1"}  # so that equal answers of two targets are two results
    return Reply("ok", task, value={**VALUES[task], "versions": versions}, wall_s=1.0, peak_mb=10.0)


def _write(folder: Path, name: str, sample: int, dtypes: tuple[str, ...]) -> None:
    values = np.array([[sample, sample / 2, 1.0]])
    for dtype in dtypes:
        np.save(folder / f"{name}.{dtype}.npy", values.astype(dtype), allow_pickle=False)
    if not dtypes:
        np.save(folder / f"{name}.npy", values.astype("float32"), allow_pickle=False)
