"""Models beside each other in real frameworks: each gets its own code; what exporters say of an artifact is kept."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
PROCESS = ("--isolation", "process")
TOML = """
framework = "torch"
seed = 4

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 8]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 8]
"""
PACKAGED = "from parts import layers\n\ndef build():\n    return layers.Net()\n"
NEIGHBOURED = "import layers\n\ndef build():\n    return layers.Net()\n"
LAYERS = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 8)

    def forward(self, x):
        return torch.{activation}(self.linear(x))
"""
GELU = """
import torch
from torch.nn import functional
{patch}

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 8)

    def forward(self, x):
        return functional.gelu(self.linear(x))

def build():
    return Net()
"""
BRANCHING = """
import warnings
import torch

warnings.filterwarnings("ignore")

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 8, bias=True)

    def forward(self, x):
        y = self.linear(x)
        return y * 2 if y.sum() > SMALLEST else y

def build():
    return Net()
"""


def add(folder: Path, name: str, **files: str) -> None:
    model = folder / "models" / name
    model.mkdir(parents=True)
    (model / "model.toml").write_text(TOML)
    for stem, text in files.items():
        (model / f"{stem}.py").write_text(text)


def cells(build: Path) -> dict[str, dict[str, Any]]:
    matrix = json.loads((build / "matrix.json").read_text())
    return {f"{cell['model']}/{cell['target']}": cell for cell in matrix["cells"]}


def answers(build: Path) -> dict[str, Any]:
    """By cell: the sizes of its answers' errors, and the digest of its artifact."""
    return {name: (cell["outcome"], cell["artifact"]["sha256"]) for name, cell in cells(build).items()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    return tmp_path


def test_models_at_once_get_their_own_neighbours_and_no_patch_of_another(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    """Each is run with the others, then alone and in a worker of its own: the artifacts are the same."""
    for name, activation in (("first", "relu"), ("second", "tanh")):
        add(project, name, model=NEIGHBOURED, layers=LAYERS.format(activation=activation))
    for name, activation in (("third", "sigmoid"), ("fourth", "selu")):
        add(project, name, model=PACKAGED)
        (project / "models" / name / "model.toml").write_text(f'pythonpath = ["../../src_{name}"]\n{TOML}')
        (project / f"src_{name}" / "parts").mkdir(parents=True)
        (project / f"src_{name}" / "parts" / "layers.py").write_text(LAYERS.format(activation=activation))
    add(project, "patched", model=GELU.format(patch="functional.gelu = functional.relu"))
    add(project, "plain", model=GELU.format(patch=""))
    targets = ("-t", "torchscript", *PROCESS)

    together = deploymatrix("run", "--jobs", "4", *targets)
    beside = answers(real_build)
    alone = {}
    for name in ("second", "fourth", "plain", "patched"):  # those that come after another of their kind, and the patch
        deploymatrix("run", "--fresh", "-m", name, *targets)
        alone |= answers(real_build)

    assert together.returncode == 0, together.stdout + together.stderr
    assert {name: beside[name] for name in alone} == alone and len(alone) == 4
    assert len({digest for _, digest in beside.values()}) == 6


def test_a_trace_that_its_own_check_refuses_is_told_with_what_to_write(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    """The second sample mirrors the first, so that the sum has the other sign."""
    add(project, "branching", model=BRANCHING.replace("bias=True", "bias=False").replace("SMALLEST", "0"))
    deploymatrix("run", "-t", "torchscript", *PROCESS)
    red = cells(real_build)["branching/torchscript"]
    toml = project / "models" / "branching" / "model.toml"
    toml.write_text(toml.read_text() + '\n[routes.torchscript]\noptions = { method = "script" }\n')

    deploymatrix("run", "-t", "torchscript", *PROCESS)

    assert (red["outcome"], red["blame"]) == ("export_failed", "torchscript/from_torch"), red["detail"]
    assert "a trace keeps one way through the model's Python code, and the second sample takes another" in red["detail"]
    assert 'write options = { method = "script" } under [routes.torchscript] in model.toml' in red["detail"]
    assert cells(real_build)["branching/torchscript"]["outcome"] == "passed"


def test_a_trace_of_data_dependent_control_flow_is_marked_also_when_it_is_green(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    add(project, "branching", model=BRANCHING.replace("SMALLEST", "-1000"))

    ran = deploymatrix("run", "-t", "torchscript", *PROCESS)

    cell = cells(real_build)["branching/torchscript"]
    assert (cell["outcome"], ran.returncode) == ("passed", 0), ran.stdout + ran.stderr
    (warning,) = cell["warnings"]
    assert (warning["step"], warning["rule"]) == ("torchscript/from_torch", "value-fixed")
    assert warning["text"].startswith("model.py:14: TracerWarning: Converting a tensor to a Python boolean")
    assert warning["text"].endswith("[return y * 2 if y.sum() > -1000 else y]")
    assert "✓‡" in ran.stdout and "‡ an exporter warned" in ran.stdout
    assert "value-fixed, torchscript/from_torch: The trace keeps" in deploymatrix("explain", "branching/*").stdout
    gates = [deploymatrix("gate", "-t", "torchscript", *option) for option in ((), ("--no-warnings",))]
    assert [gate.returncode for gate in gates] == [0, 1]
    assert "refused: branching/torchscript/fp32: its exporters warned: value-fixed" in gates[1].stdout


WAYS = {
    "neighbour": ("from layers import Net", "models/neighbour/layers.py"),
    "packaged": ("from parts.layers import Net", "src/parts/layers.py"),
    "pathed": (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parents[2] / 'other'))\n"
        "from found import Net",
        "other/found.py",
    ),
    "loaded": (
        "import importlib.util\nfrom pathlib import Path\n"
        "spec = importlib.util.spec_from_file_location('loose', Path(__file__).parents[2] / 'loose.py')\n"
        "loose = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(loose)\nNet = loose.Net",
        "loose.py",
    ),
}


def test_editing_a_file_that_is_imported_in_any_way_makes_its_cells_stale(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    for name, (imports, file) in WAYS.items():
        add(project, name, model=f"{imports}\n\ndef build():\n    return Net()\n")
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_text(LAYERS.format(activation="relu"))
    packaged = project / "models" / "packaged" / "model.toml"
    packaged.write_text(f'pythonpath = ["../../src"]\n{TOML}')
    ran = deploymatrix("run", "--jobs", "4", "-t", "onnx", *PROCESS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    fresh = deploymatrix("gate", "-t", "onnx")

    for _, file in WAYS.values():
        (project / file).write_text(LAYERS.format(activation="tanh"))
    gate = deploymatrix("gate", "-t", "onnx")

    assert (fresh.returncode, gate.returncode) == (0, 4), fresh.stdout + gate.stdout
    assert sorted(set(re.findall(r"stale: (\w+)/onnx/fp32", gate.stdout))) == sorted(WAYS)


def test_weights_that_a_library_reads_by_itself_make_the_cell_stale(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    """safetensors opens files in Rust, where Python does not hear it."""
    code = """
import torch
from pathlib import Path
from safetensors.torch import load_file, save_file

WEIGHTS = Path(__file__).parents[2] / "shared.safetensors"

def build():
    linear = torch.nn.Linear(8, 8)
    linear.load_state_dict(load_file(WEIGHTS))
    return linear
"""
    add(project, "given", model=code)
    file = project / "shared.safetensors"
    file.write_bytes(safetensors(1.0))
    assert deploymatrix("run", "-t", "onnx", *PROCESS).returncode == 0
    assert list(cells(real_build)["given/onnx"]["reads"]) == ["shared.safetensors"]
    assert deploymatrix("gate", "-t", "onnx").returncode == 0

    file.write_bytes(safetensors(2.0))
    gate = deploymatrix("gate", "-t", "onnx")

    assert gate.returncode == 4
    assert "stale: given/onnx/fp32: shared.safetensors has changed" in gate.stdout


def safetensors(value: float) -> bytes:
    """A file with the weight and bias of an 8 x 8 layer: https://github.com/huggingface/safetensors#format."""
    import numpy as np

    weight, bias = np.eye(8, dtype="<f4") * value, np.arange(8, dtype="<f4")
    head = {
        "weight": {"dtype": "F32", "shape": [8, 8], "data_offsets": [0, 256]},
        "bias": {"dtype": "F32", "shape": [8], "data_offsets": [256, 288]},
    }
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + weight.tobytes() + bias.tobytes()
