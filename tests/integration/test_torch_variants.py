"""Variants of tiny PyTorch models, made by the real steps, run on the real runtimes, and held to their own graphs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Command

MODEL = """
import torch
from torch import nn


def build():
    return Layers()


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(6, 8, 3, padding=1)
        self.recurrent = nn.LSTM(8, 12, batch_first=True)
        self.last = nn.Linear(12, 5)

    def forward(self, x):
        found, _ = self.recurrent(torch.relu(self.convolution(x)).transpose(1, 2))
        return self.last(found)
"""
TOML = """
framework = "torch"
family = "sequence"
seed = 3

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 6, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 4, 5]
"""
SIMILAR = {"fp16": (5e-5, 2e-3), "int8-dynamic": (1e-3, 0.05), "int8-static": (2e-3, 0.08)}  # of the loss
EXACT = 1e-5  # what is left between a runtime and its graph where no level flips


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one tiny model, beside the shipped targets."""
    folder = tmp_path / "models" / "layers"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(MODEL)
    (folder / "model.toml").write_text(TOML)
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    return tmp_path


def cells_of(build: Path) -> dict[str, dict[str, Any]]:
    cells = json.loads((build / "matrix.json").read_text())["cells"]
    return {f"{cell['target']} {cell['variant']}": cell for cell in cells}


def test_each_variant_runs_what_it_was_given(project: Path, deploymatrix: Command, real_build: Path) -> None:
    made = ["executorch int8-dynamic", "executorch int8-static", "torchscript fp16", "torchscript int8-dynamic"]
    variants = [argument for name in SIMILAR for argument in ("-v", name)]

    done = deploymatrix("run", "--isolation", "process", "-t", "executorch", "-t", "torchscript", *variants)

    cells = cells_of(real_build)
    assert {name: cells[name]["outcome"] for name in made} == dict.fromkeys(made, "passed"), done.stdout + done.stderr
    for name in made:
        (output,) = cells[name]["outputs"]
        low, high = SIMILAR[name.split()[1]]
        fidelity = output["fidelity"]
        assert low < fidelity["loss"] < high, name
        assert fidelity["error"] < (2e-3 if "fp16" in name else EXACT), name
        assert output["snr_db"] > -20 * math.log10(2 * high), name
    # Of an LSTM in float16, ExecuTorch's answers are farther from the graph than the rounding of its results explains.
    half = cells["executorch fp16"]
    assert half["outcome"] == "mismatch" and ": fidelity: " in half["detail"]
    assert half["outputs"][0]["snr_db"] > 40


def test_what_no_step_makes_is_expected(project: Path, deploymatrix: Command, real_build: Path) -> None:
    deploymatrix("run", "--isolation", "process", "-t", "executorch", "-t", "torchscript", "-v", "int8-weights")

    found = {name: (cell["outcome"], cell["verdict"]) for name, cell in cells_of(real_build).items()}
    assert found == dict.fromkeys(("executorch int8-weights", "torchscript int8-weights"), ("unsupported", "expected"))


BAD = """
import importlib.util
from pathlib import Path

spec = importlib.util.spec_from_file_location("good", Path(__file__).parent / "good.py")
good = importlib.util.module_from_spec(spec)
spec.loader.exec_module(good)
globals().update({name: value for name, value in vars(good).items() if not name.startswith("__")})


def of(model, spec):
    import torch

    bad = good.copy.deepcopy(model)
    with torch.no_grad():
        for weight in bad.parameters():  # one scale for all, far too large: three levels are left
            weight.copy_((weight / weight.abs().max()).round() * weight.abs().max())
    return good.of(bad, spec)
"""


def test_a_quantiser_that_ruins_a_model_is_red_although_the_runtime_agrees_with_it(
    project: Path, deploymatrix: Command, real_build: Path
) -> None:
    """FX with the qnnpack backend does that to a small convnet: no error between graph and runtime, accuracy 0.068."""
    shipped = Path(__file__).resolve().parents[2] / "pipelines" / "torchscript"
    own = project / "pipelines" / "torchscript"
    own.mkdir(parents=True)
    for file in shipped.glob("*.*"):
        name = "good.py" if file.name == "variants.py" else file.name
        (own / name).write_bytes(file.read_bytes())
    (own / "variants.py").write_text(BAD)

    deploymatrix("run", "--isolation", "process", "-t", "torchscript", "-v", "int8-dynamic")

    (cell,) = cells_of(real_build).values()
    (output,) = cell["outputs"]
    assert (cell["outcome"], cell["verdict"], cell["fails"]) == ("mismatch", "failed", ["loss"])
    assert cell["blame"] == "torchscript/from_torch (int8-dynamic)"
    assert "signal-to-noise ratio" in cell["detail"]
    assert output["fidelity"]["error"] < EXACT
    assert output["fidelity"]["loss"] > 0.2
