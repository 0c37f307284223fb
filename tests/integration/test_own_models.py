"""Models of one's own, outside of the repository: with code, and given by nothing but a file or a configuration."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.environments.interpreters import ensure_python

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
import json, sys, torch
from model import build
from transformers import ResNetConfig, ResNetForImageClassification
torch.manual_seed(3)
torch.export.save(torch.export.export(build().eval(), (torch.randn(1, 16),)), sys.argv[1])
ResNetForImageClassification(ResNetConfig.from_dict(json.loads(sys.argv[2]))).save_pretrained(sys.argv[3])
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


def given(framework: str, kind: str, where: str, tensors: str) -> str:
    """A model.toml of a model that is given without code; `where` is path = … or config = …"""
    return f'framework = "{framework}"\n[source]\nkind = "{kind}"\n{where}\n{tensors}'


def tensors(*declared: tuple[str, str, list[int]]) -> str:
    return "".join(f'[[{side}]]\nname = "{n}"\ndtype = "float32"\nshape = {shape}\n' for side, n, shape in declared)


IMAGE_TO_LOGITS = tensors(("inputs", "pixel_values", [1, 3, 32, 32]), ("outputs", "logits", [1, 5]))
X_TO_Y = tensors(("inputs", "x", [1, 12]), ("outputs", "y", [1, 3]))


@pytest.fixture
def given_models(tmp_path: Path, real_envs: Path) -> Path:
    """A .pt2, a .keras, a transformers folder and a transformers configuration, with no Python beside them."""
    nets = tmp_path / "nets"
    program = write_model(
        nets / "program", given("torch", "exported_program", 'path = "net.pt2"\ntrust = true', X_TO_Y_AND_HIDDEN)
    )
    archive = write_model(nets / "archive", given("keras", "keras_file", 'path = "net.keras"', X_TO_Y))
    folder = write_model(nets / "folder", given("torch", "transformers", 'path = "saved"', IMAGE_TO_LOGITS))
    resnet = write_model(nets / "resnet", given("torch", "transformers", 'config = "config.json"', IMAGE_TO_LOGITS))
    (resnet / "config.json").write_text(json.dumps(RESNET))
    (tmp_path / "model.py").write_text(TWO_OUTPUTS.replace("FACTOR", "1.0"))
    (tmp_path / "save_torch.py").write_text(SAVE_PROGRAM)
    (tmp_path / "save_keras.py").write_text(SAVE_KERAS)
    torch = [environment("torch", real_envs), tmp_path / "save_torch.py"]
    keras = [environment("tensorflow", real_envs), tmp_path / "save_keras.py"]
    for command in (
        [*torch, program / "net.pt2", json.dumps(RESNET), folder / "saved"],
        [*keras, archive / "net.keras"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    assert not list(nets.rglob("*.py"))
    return nets


def test_models_without_code_reach_the_targets(
    deploymatrix: Command, given_models: Path, tmp_path: Path, real_build: Path
) -> None:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    targets = ("-t", "onnx", "-t", "torchscript", "-t", "litert", "-t", "executorch")
    once = ("-k", "not resnet or onnx or torchscript")  # it is what `folder` is, by configuration
    done = deploymatrix("run", "--models", given_models, *targets, *once, *PROCESS)
    names = [f"{m}/{t}" for m in ("archive", "folder", "program") for t in targets[1::2]]
    names += ["resnet/onnx", "resnet/torchscript"]
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


SAVE_UNSIGNED = """
import sys, numpy as np, tensorflow as tf
from pathlib import Path

@tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, name="x")])
def double(x):
    return 2 * x

converter = tf.lite.TFLiteConverter.from_concrete_functions([double.get_concrete_function()])
Path(sys.argv[1]).write_bytes(converter.convert())
assert not tf.lite.Interpreter(sys.argv[1]).get_signature_list()
"""


def test_a_tflite_file_without_a_signature_goes_by_its_tensors_names(
    deploymatrix: Command, tmp_path: Path, real_envs: Path
) -> None:
    (tmp_path / "save.py").write_text(SAVE_UNSIGNED)
    python, artifact = environment("tensorflow", real_envs), tmp_path / "double.tflite"
    subprocess.run([python, tmp_path / "save.py", artifact], check=True, capture_output=True)
    x = np.arange(4, dtype=np.float32)[None]
    np.savez(tmp_path / "in.npz", x=x)
    np.savez(tmp_path / "right.npz", y=2 * x)
    np.savez(tmp_path / "wrong.npz", y=2.001 * x)
    call = ("verify", artifact, "--inputs", tmp_path / "in.npz", *PROCESS, "--reference")
    right, wrong = deploymatrix(*call, tmp_path / "right.npz"), deploymatrix(*call, tmp_path / "wrong.npz")
    assert (right.returncode, wrong.returncode) == (0, 1), right.stdout + right.stderr
