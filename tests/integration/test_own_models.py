"""Models of one's own, outside of the repository: with code, and given by nothing but a file or a configuration."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments import ensure_python

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]
PROCESS = ("--isolation", "process")

TWO_OUTPUTS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = nn.Linear(16, 32), nn.Linear(32, 4)

    def forward(self, x):
        hidden = torch.relu(self.hidden(x))
        return self.last(hidden), hidden

def build():
    net = Net()
    with torch.no_grad():
        net.last.weight.mul_(FACTOR)
    return net
"""
X_TO_Y_AND_HIDDEN = """
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 16]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "hidden"
dtype = "float32"
shape = [1, 32]
"""
SAVE_PROGRAM = """
import sys, torch
from model import build
torch.manual_seed(3)
torch.export.save(torch.export.export(build().eval(), (torch.randn(1, 16),)), sys.argv[1])
"""
SAVE_KERAS = """
import sys, keras
keras.utils.set_random_seed(5)
keras.Sequential([keras.Input((12,)), keras.layers.Dense(3)]).save(sys.argv[1])
"""
RESNET = {
    "architectures": ["ResNetForImageClassification"],
    "embedding_size": 8,
    "hidden_sizes": [8, 16],
    "depths": [1, 1],
    "layer_type": "basic",
    "id2label": {str(i): str(i) for i in range(5)},
}


def environment(name: str, envs: Path) -> Path:
    return ensure_python(name, REPOSITORY / f"pipelines/environments/{name}.lock", envs, print)


def write_model(folder: Path, toml: str, code: str | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(toml)
    if code is not None:
        (folder / "model.py").write_text(code)
    return folder


def outcomes(build: Path) -> dict[str, str]:
    cells = json.loads((build / "matrix.json").read_text())["cells"]
    return {f"{cell['model']}/{cell['target']}": cell["outcome"] for cell in cells}


@pytest.fixture
def given_models(tmp_path: Path, real_envs: Path) -> Path:
    """A .pt2, a .keras, and a transformers configuration, without a line of Python beside them."""
    nets = tmp_path / "nets"
    source = '[source]\nkind = "{}"\n{} = "{}"\n'
    program = write_model(
        nets / "program",
        'framework = "torch"\n' + source.format("exported_program", "path", "net.pt2") + X_TO_Y_AND_HIDDEN,
    )
    (tmp_path / "model.py").write_text(TWO_OUTPUTS.replace("FACTOR", "1.0"))
    (tmp_path / "save_program.py").write_text(SAVE_PROGRAM)
    subprocess.run(
        [environment("torch", real_envs), tmp_path / "save_program.py", program / "net.pt2"],
        check=True,
        capture_output=True,
    )
    tensor = '[[{}]]\nname = "{}"\ndtype = "float32"\nshape = {}\n'
    archive = write_model(
        nets / "archive",
        'framework = "keras"\n'
        + source.format("keras_file", "path", "net.keras")
        + tensor.format("inputs", "x", [1, 12])
        + tensor.format("outputs", "y", [1, 3]),
    )
    (tmp_path / "save_keras.py").write_text(SAVE_KERAS)
    subprocess.run(
        [environment("tensorflow", real_envs), tmp_path / "save_keras.py", archive / "net.keras"],
        check=True,
        capture_output=True,
    )
    resnet = write_model(
        nets / "resnet",
        'framework = "torch"\ncalibrate = true\n'
        + source.format("transformers", "config", "config.json")
        + tensor.format("inputs", "pixel_values", [1, 3, 32, 32])
        + tensor.format("outputs", "logits", [1, 5]),
    )
    (resnet / "config.json").write_text(json.dumps(RESNET))
    assert not list(nets.rglob("*.py"))
    return nets


def test_models_without_code_reach_the_targets(
    deploymatrix: Command, given_models: Path, tmp_path: Path, real_build: Path
) -> None:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    targets = ("-t", "onnx", "-t", "torchscript", "-t", "litert", "-t", "executorch")
    done = deploymatrix("run", "--models", given_models, *targets, *PROCESS)
    names = [f"{m}/{t}" for m in ("archive", "program", "resnet") for t in targets[1::2]]
    assert outcomes(real_build) == dict.fromkeys(sorted(names), "passed"), done.stdout + done.stderr
    assert done.returncode == 0


def test_compare_finds_one_scaled_weight_and_agreement_where_there_is_none(
    deploymatrix: Command, tmp_path: Path, real_build: Path, artifact_of: Callable[[Path, str], Path]
) -> None:
    """Two models, seeded alike; the weight of the last layer of `scaled` is 1 % larger."""
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    for name, factor in (("plain", "1.0"), ("scaled", "1.01")):
        toml = 'framework = "torch"\nseed = 4\n' + X_TO_Y_AND_HIDDEN
        write_model(tmp_path / "models" / name, toml, TWO_OUTPUTS.replace("FACTOR", factor))
    ran = deploymatrix("run", "-t", "onnx", "-t", "litert", *PROCESS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    onnx, plain, scaled = (
        artifact_of(real_build, f"{cell}/fp32") for cell in ("plain/onnx", "plain/litert", "scaled/litert")
    )
    mapping = ("--map", "y=output_0", "--map", "hidden=output_1")

    differing = deploymatrix("compare", plain, scaled, *PROCESS, "--json")
    assert differing.returncode == 1, differing.stderr
    problems = {output["name"]: output["problem"] for output in json.loads(differing.stdout)["outputs"]}
    assert problems["output_0"] is not None
    assert problems["output_1"] is None

    agreeing = deploymatrix("compare", onnx, plain, *mapping, *PROCESS, "--json")
    assert agreeing.returncode == 0, agreeing.stdout + agreeing.stderr
    assert [output["name"] for output in json.loads(agreeing.stdout)["outputs"]] == ["y", "hidden"]

    unmapped = deploymatrix("compare", onnx, plain, *PROCESS)
    assert unmapped.returncode == 2
    assert "output_0: float32[1, 4]" in unmapped.stderr
