"""A project whose quantised cells go wrong on purpose: what tests of them share."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.conftest import REPOSITORY, build_with, run

MODEL = """
framework = "torch"
family = "tabular"
seed = 7

[[inputs]]
name = "x"
dtype = "float32"
shape = [4, 16]

[[outputs]]
name = "y"
dtype = "float32"
shape = [4, 8]
"""
GOOD = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(16, 32), nn.Linear(32, 32), nn.Linear(32, 8)
        self.spoil()

    def spoil(self):
        pass

    def forward(self, x):
        return self.last(torch.tanh(self.middle(torch.tanh(self.first(x)))))


def build():
    return Net().eval()
"""
# A delegate that miscomputes is played by a runtime that adds noise, the same for the same answer.
NOISE = """

_exact_run = run


def run(session, inputs):
    import zlib

    answers = _exact_run(session, inputs)
    for name, array in answers.items():
        draw = np.random.default_rng(zlib.crc32(np.ascontiguousarray(array).tobytes()))
        size = {size} * float(np.sqrt(np.mean(array.astype("float64") ** 2)))
        answers[name] = (array + size * draw.standard_normal(array.shape)).astype(array.dtype)
    return answers
"""


class Bench:
    """A project of small models, with what is shipped, and parts of its own in the place of some."""

    def __init__(self, root: Path, envs: Path) -> None:
        self.root, self.build = root, build_with(root / "build", envs)

    def add(self, name: str, program: str, toml: str = MODEL) -> None:
        """Let the project have this model."""
        self.write(f"models/{name}/model.toml", toml)
        self.write(f"models/{name}/model.py", program)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = ["--root", self.root, "--build-dir", self.build]
        return run([sys.executable, "-m", "deploymatrix", *own, *arguments], self.root)

    def decided(self, *arguments: str, target: str = "onnx") -> dict[str, dict[str, Any]]:
        done = self.call("run", "--isolation", "process", "-t", target, *arguments)
        assert done.returncode in (0, 1), done.stderr
        return {f"{cell['model']}/{cell['variant']}": cell for cell in self.cells()}

    def cells(self) -> list[dict[str, Any]]:
        """Those of the last run."""
        cells: list[dict[str, Any]] = json.loads((self.build / "matrix.json").read_text())["cells"]
        return cells

    def miscompute(self, size: float) -> None:
        """Let the project's own ONNX Runtime add noise of this size, relative to the answer."""
        own = self.own("targets/onnx")
        with (own / "run.py").open("a") as file:
            file.write(NOISE.format(size=size))

    def own(self, path: str) -> Path:
        """Copy a shipped folder into the project, which it then takes in its place, and what its steps load besides."""
        besides = ["pipelines/variants"] if path.startswith("pipelines/") else []
        for folder in (path, *besides):
            shutil.rmtree(self.root / folder, ignore_errors=True)
            shutil.copytree(REPOSITORY / folder, self.root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        return self.root / path
