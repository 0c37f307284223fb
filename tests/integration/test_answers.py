"""Answers as models give them, and references of models that cast: by the real framework and a real runtime."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

INPUT = """
framework = "torch"
{settings}
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 8]
{by}
"""
OUTPUT = """
[[outputs]]
name = "{name}"
dtype = "float32"
shape = {shape}
{more}
"""
CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 16), nn.Linear(16, 4)
        self.dead = nn.Linear(16, 16)
        nn.init.zeros_(self.dead.weight)

    def forward(self, {inputs}):
        h = torch.tanh(self.first(x))
        {body}

def build():
    return Net()
"""


def toml(*outputs: tuple[str, str, str], settings: str = "", by: str = "") -> str:
    texts = [OUTPUT.format(name=name, shape=shape, more=more) for name, shape, more in outputs]
    return INPUT.format(settings=settings, by=by) + "".join(texts)


def code(body: str, inputs: str = "x") -> str:
    return CODE.format(body=body, inputs=inputs)


KERAS = """
import keras
from keras import ops

@keras.saving.register_keras_serializable()
class Rounding(keras.layers.Layer):
    def call(self, x):
        {body}

def build():
    given = keras.Input((8,))
    return keras.Model(given, keras.layers.Dense(4)(Rounding()(keras.layers.Dense(16, activation="tanh")(given))))
"""


def keras(declared: str, body: str) -> tuple[str, str]:
    return declared.replace('"torch"', '"keras"'), KERAS.format(body=body)


Y, H = ("y", "[1, 4]", ""), ("h", "[1, 16]", "")
MODELS = {
    "nested": (
        toml(("key", "[1, 16]", 'path = "past.0.key"'), ("logits", "[1, 4]", ""), by='by = "keyword"'),
        code('return {"loss": None, "logits": self.last(h), "past": [{"key": h}]}', inputs="*, x"),
    ),
    "tuple_in_tuple": (toml(H, Y), code("return h, (None, [self.last(h)])")),
    "casts": (toml(Y), code("return self.last(torch.softmax(h.float(), -1, dtype=torch.float32).to(x.dtype))")),
    "rounds": (toml(Y), code("return self.last(h.half().to(x.dtype))")),
    "keras_casts": keras(toml(Y), 'return ops.cast(ops.softmax(ops.cast(x, "float32")), x.dtype)'),
    "keras_ends_narrow": keras(toml(Y), 'return ops.exp(ops.cast(x, "float32"))'),
    "keras_plain": keras(toml(Y), "return ops.softmax(x)"),
    "ragged": (
        toml(("y", "[16, 4]", "ragged = true")),
        code("rows = self.last(h * torch.eye(16, dtype=h.dtype)); return rows[rows[:, 0] > 0]"),
    ),
    "constant": (
        toml(Y, ("c", "[1, 4]", 'constant = "it is a table"')),
        code("return self.last(h), self.last.bias[None] + 1"),
    ),
    "undeclared": (toml(Y), code("return self.last(h), h")),
    "dict": (toml(Y), code('return {"logits": self.last(h)}')),
    "dead": (toml(Y, settings="calibrate = true"), code("return self.last(h + self.dead(h))")),
}
SAID = {
    "undeclared": "the model gives 2 tensors, model.toml declares 1 output: it gives 0 float32[1, 4], 1 float32[1, 16]",
    "dict": "the model answers with a dict of logits float32[1, 4]; output 'y' of model.toml is none of its names",
    "dead": "layer dead (Linear) gives values of no variance",
}


@pytest.fixture
def cells(deploymatrix: Command, tmp_path: Path, real_build: Path) -> dict[str, Any]:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    for name, (declared, written) in MODELS.items():
        folder = tmp_path / "nets" / name
        folder.mkdir(parents=True)
        (folder / "model.toml").write_text(declared)
        (folder / "model.py").write_text(written)
    done = deploymatrix("run", "--models", tmp_path / "nets", "-t", "onnx", "--isolation", "process")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {cell["model"]: cell for cell in json.loads((real_build / "matrix.json").read_text())["cells"]}


def test_answers_are_taken_apart_and_references_made_of_what_casts(cells: dict[str, Any]) -> None:
    said = {name: cell["detail"] for name, cell in cells.items()}

    passing = {name for name in MODELS if name not in SAID and name != "rounds"}
    assert {name for name, cell in cells.items() if cell["outcome"] == "passed"} >= passing, said
    yardsticks = {name: cell["yardstick"] for name, cell in cells.items() if name in passing}
    rounding = {"keras_casts": "float32", "keras_ends_narrow": "float32"}
    assert yardsticks == {**dict.fromkeys(passing, "float64"), **rounding}
    assert cells["ragged"]["outputs"][0]["rows"][0][0] == cells["ragged"]["outputs"][0]["rows"][0][1]
    for name, words in SAID.items():
        assert (cells[name]["outcome"], cells[name]["blame"]) == ("reference_failed", None)
        assert words in said[name], said[name]
