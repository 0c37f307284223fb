"""Models that answer otherwise when asked again, and artifacts that do: each says so, and no exporter is blamed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
PROCESS = ("--isolation", "process")

TOML = """
framework = "{framework}"

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 8]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 4]
"""
TORCH = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 4)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        y = self.linear(x)
        {body}

def build():
    return {build}
"""
KERAS = """
import keras

@keras.saving.register_keras_serializable()
class Noise(keras.layers.Layer):
    def call(self, x):
        return x + {noise}

def build():
    x = keras.Input((8,))
    return keras.Model(x, Noise({options})(keras.layers.Dense(4)(keras.layers.Dense(1024)(x))))
"""


def write(folder: Path, framework: str, code: str) -> None:
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(TOML.format(framework=framework))
    (folder / "model.py").write_text(code)


def torch_model(body: str = "return y", build: str = "Net()") -> str:
    return TORCH.format(body=body, build=build)


UNSTEADY = {
    "dropout": torch_model("return nn.functional.dropout(y, 0.5)"),
    "slight_noise": torch_model("return y + 1e-6 * torch.rand_like(y)"),
    "numpy_noise": torch_model("import numpy; return y + float(numpy.random.rand())"),
    "unset_memory": torch_model("return y + torch.empty(1, 4, dtype=y.dtype)"),
    "counter": torch_model("self.calls += 1; return y + self.calls"),
    "last_input": torch_model("last = getattr(self, 'last', y); self.last = y; return y + last"),
    "unfrozen": torch_model("return y + self.bias", "with_bias()")
    + "\ndef with_bias():\n    net = Net()\n    net.bias = torch.rand(4)\n    return net\n",
}
STEADY = {
    "dropout_off": torch_model("return nn.functional.dropout(y, 0.5, self.training)"),
    "per_batch": torch_model("return y - y.mean(0, keepdim=True) * 0.5"),
}
HALVES = {"half": torch_model(build="Net().half()"), "double": torch_model(build="Net().double()")}


@pytest.fixture
def cells(deploymatrix: Command, tmp_path: Path, real_build: Path) -> Callable[..., dict[str, Any]]:
    """The cells of models by name, run on ONNX Runtime."""

    def run(framework: str, models: dict[str, str], target: str = "onnx") -> dict[str, Any]:
        (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
        for name, code in models.items():
            write(tmp_path / "nets" / name, framework, code)
        done = deploymatrix("run", "--models", tmp_path / "nets", "-t", target, *PROCESS)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found = json.loads((real_build / "matrix.json").read_text())["cells"]
        return {cell["model"]: cell for cell in found}

    return run


def orders(build: Path, model: str) -> list[str]:
    """The further orders of summation in which a model's reference was computed."""
    records = [json.loads(path.read_text()) for path in (build / "store/references").glob("*/record.json")]
    return next(r["about"]["orders"] for r in records if r["made_from"]["spec"]["name"] == model)


def test_a_torch_model_that_answers_otherwise_is_no_reference(
    cells: Callable[..., dict[str, Any]], real_build: Path
) -> None:
    found = cells("torch", {**UNSTEADY, **STEADY, **HALVES})

    for name in UNSTEADY:
        cell = found[name]
        assert (cell["outcome"], cell["stage"], cell["blame"]) == ("reference_failed", "reference", None), cell
        assert cell["detail"].startswith("not deterministic: output y of sample "), cell
    assert "torch.empty" in found["unset_memory"]["detail"]
    for name in HALVES:
        assert (found[name]["outcome"], found[name]["blame"]) == ("reference_failed", None)
        assert "in another precision than float32" in found[name]["detail"]
    assert {found[name]["outcome"] for name in STEADY} == {"passed"}
    assert "batch" not in orders(real_build, "per_batch")  # it mixes the samples of a batch: no order of the same sums
    assert found["dropout_off"]["checks"] == ["repeat", "load", "order", "threads"]


def test_a_keras_model_that_answers_otherwise_is_no_reference(
    cells: Callable[..., dict[str, Any]], real_build: Path
) -> None:
    models = {
        "noise": KERAS.format(noise="keras.random.normal(keras.ops.shape(x), dtype=x.dtype)", options=""),
        "half": KERAS.format(noise="0.0", options="dtype='float16'"),
        "steady": KERAS.format(noise="1.0", options=""),
    }

    found = cells("keras", models, "savedmodel")

    assert {name: cell["outcome"] for name, cell in found.items()} == {
        "noise": "reference_failed",
        "half": "reference_failed",
        "steady": "passed",
    }
    assert found["noise"]["detail"].startswith("not deterministic: output y of sample ")
    assert "computes in float16" in found["half"]["detail"] and "policy float32" in found["half"]["detail"]
    assert found["steady"]["checks"] == ["repeat", "load", "order"]  # TensorFlow keeps its number of threads
    assert orders(real_build, "steady") == ["batch"]


def test_an_artifact_that_answers_otherwise_is_unstable(
    cells: Callable[..., dict[str, Any]], deploymatrix: Command, tmp_path: Path
) -> None:
    """Only what is traced draws numbers or counts: the model itself is steady."""
    found = cells(
        "torch",
        {
            "random": torch_model("return y + torch.rand(4) if torch.jit.is_tracing() else y"),
            "counting": torch_model("return y + self.calls.add_(1) if torch.jit.is_tracing() else y"),
            "steady": torch_model(),
        },
        "torchscript",
    )

    assert {name: cell["outcome"] for name, cell in found.items()} == {
        "random": "unstable",
        "counting": "unstable",
        "steady": "passed",
    }
    for name in ("random", "counting"):
        assert (found[name]["stage"], found[name]["blame"]) == ("run", None)
        assert found[name]["detail"].startswith("answers change when the same session runs a sample again: output y of")

    again = deploymatrix("repro", "counting/torchscript/fp32", "--models", tmp_path / "nets", "--run")

    assert "now: unstable: answers change when the same session runs a sample again" in again.stdout, again.stderr
    assert "(the same outcome)" in again.stdout and again.returncode == 1
