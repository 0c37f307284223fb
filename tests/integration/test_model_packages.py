"""Packages, folders and weights that models bring: laid over real frameworks, or refused in clear words."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.environments.recipes import PackagesRecipe

REPOSITORY = Path(__file__).resolve().parents[2]
MODELS = REPOSITORY / "tests" / "package_models"
Command = Callable[..., subprocess.CompletedProcess[str]]
ONNX = ("-t", "onnx", "--isolation", "process")
TOML = """
[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 2]
"""
LINEAR = "from torch import nn\n\ndef build():\n    return nn.Linear(4, 2)\n"
MAKE_TORCH = """
import sys, torch
from pathlib import Path
from safetensors.torch import save_file

folder, state = Path(sys.argv[1]), torch.nn.Linear(4, 2).state_dict()
torch.save(state, folder / "good.pt")
save_file(state, folder / "good.safetensors")
torch.save({"weight": state["weight"], "gain": state["bias"]}, folder / "renamed.pt")
torch.save({"state_dict": state, "epoch": 3}, folder / "wrapped.pt")
torch.save(torch.nn.Linear(4, 2), folder / "whole.pt")
save_file({"weight": torch.zeros(2, 5), "bias": state["bias"]}, folder / "sized.safetensors")
"""
MAKE_KERAS = """
import sys, h5py, keras, numpy as np, shutil
from pathlib import Path

folder = Path(sys.argv[1])
def network(*more):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), *more])
network().save_weights(folder / "good.weights.h5")
network(keras.layers.Dense(2)).save_weights(folder / "more.weights.h5")
np.ones((4, 2), "float32").tofile(folder / "secret.bin")
with h5py.File(folder / "secret.h5", "w") as other:
    other["x"] = np.ones((4, 2), "float32")
def changed(name, change):
    shutil.copy(folder / "good.weights.h5", folder / name)
    with h5py.File(folder / name, "a") as file:
        del file["layers/dense/vars/0"]
        change(file)
def linked(file):
    file["layers/dense/vars/0"] = h5py.ExternalLink(str(folder / "secret.h5"), "x")
def external(file):
    file.create_dataset("layers/dense/vars/0", (4, 2), "f4", external=[(str(folder / "secret.bin"), 0, 32)])
def virtual(file):
    layout = h5py.VirtualLayout((4, 2), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "x", (4, 2))
    file.create_virtual_dataset("layers/dense/vars/0", layout)
for change in (linked, external, virtual):
    changed(f"{change.__name__}.weights.h5", change)
"""
TAKE = """
import importlib.util, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("framework", sys.argv[1])
framework = importlib.util.module_from_spec(spec)
spec.loader.exec_module(framework)
if "torch" in sys.argv[1]:
    build = lambda: framework.nn.Linear(4, 2)
else:
    build = lambda: framework.keras.Sequential([framework.keras.Input((4,)), framework.keras.layers.Dense(2)])
for name in sys.argv[2:]:
    try:
        framework.take_weights(build(), Path(name))
        print(f"SAID {Path(name).name}: taken")
    except ValueError as error:
        print(f"SAID {Path(name).name}:", *str(error).split())
"""


def python_of(name: str, envs: Path) -> Path:
    return ensure_python(name, REPOSITORY / f"pipelines/environments/{name}.lock", envs, print)


def cells(build: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((build / "matrix.json").read_text())["cells"]
    return {f"{cell['model']}/{cell['target']}": cell for cell in found}


def add(folder: Path, name: str, head: str, code: str) -> Path:
    model = folder / "models" / name
    model.mkdir(parents=True)
    (model / "model.toml").write_text(head + TOML)
    (model / "model.py").write_text(code)
    return model


def taken(framework: str, folder: Path, python: Path, make: str, names: list[str]) -> dict[str, str]:
    """What a framework says of each of the files, which `make` writes."""
    subprocess.run([python, "-c", make, folder], check=True, capture_output=True)
    path = REPOSITORY / "pipelines/frameworks" / framework / "framework.py"
    command = [str(word) for word in (python, "-c", TAKE, path, *(folder / name for name in names))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^SAID (\S+): (.*)$", done.stdout, re.MULTILINE))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    return tmp_path


def test_models_of_third_party_libraries_pass_and_are_reproduced(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    """Both lie over one environment, which gets none of their packages: each sees its own."""
    ran = deploymatrix("run", "--models", MODELS, "-k", "zoo", *ONNX)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = cells(real_build)
    assert {name: cell["outcome"] for name, cell in found.items()} == {
        "monai_unet/onnx": "passed",
        "x_transformer/onnx": "passed",
    }
    assert not [cell["reads"] for cell in found.values() if cell["reads"]]  # the lock speaks for packages


def test_the_locks_of_the_models_are_fresh_and_hold_nothing_of_the_environment(deploymatrix: Command) -> None:
    checked = deploymatrix("lock", "--check", "--models", MODELS)
    pins = (MODELS / "x_transformer" / "requirements.lock").read_text()

    assert (checked.returncode, checked.stdout) == (0, "")
    assert re.findall(r"(?m)^(\w[\w.-]*)==", pins)[-1] == "x-transformers"
    assert "torch==" not in pins and "numpy==" not in pins


def test_a_missing_package_is_told_with_the_file_and_the_command(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    model = add(project, "lacking", 'framework = "torch"\n', f"import einops\n{LINEAR}")

    deploymatrix("run", *ONNX)
    told = cells(real_build)["lacking/onnx"]["detail"]
    (model / "requirements.in").write_text("einops==0.8.2\nnumpy==1.26.4\n")
    unlocked = deploymatrix("run", *ONNX)
    moved = deploymatrix("lock", "lacking")
    (model / "requirements.in").write_text("einops==0.8.2\n")
    locked, ran = deploymatrix("lock", "lacking"), deploymatrix("run", *ONNX)
    bundled = deploymatrix("repro", "lacking/onnx/fp32", "--run")

    words = "needs `einops`: add it to models/lacking/requirements.in and run deploymatrix lock lacking"
    assert told.startswith(words), told
    assert unlocked.returncode == 2
    assert "models/lacking/requirements.lock: missing; make it: deploymatrix lock lacking" in unlocked.stderr
    assert moved.returncode == 4
    assert "wants numpy==1.26.4, and the environment torch has numpy==" in moved.stderr
    assert (locked.returncode, ran.returncode) == (0, 0), locked.stderr + ran.stdout + ran.stderr
    assert bundled.returncode == 0, bundled.stdout + bundled.stderr


def test_a_build_of_torchvision_that_does_not_fit_is_refused_and_blamed_on_nothing_else(
    deploymatrix: Command, project: Path, real_build: Path
) -> None:
    model = add(project, "seeing", 'framework = "torch"\n', f"import torchvision\n{LINEAR}")
    (model / "requirements.in").write_text("torchvision\n")

    locked, ran = deploymatrix("lock", "seeing"), deploymatrix("run", *ONNX)

    assert locked.returncode == 0, locked.stderr
    (version,) = re.findall(r"(?m)^torchvision==(\S+)$", (model / "requirements.lock").read_text())
    cell = cells(real_build)["seeing/onnx"]
    if cell["outcome"] == "passed":
        pytest.skip("the indexes of this machine offer the build that fits: model.py has imported it")
    said = cell["detail"]
    assert (cell["outcome"], cell["stage"]) == ("environment_failed", "environment")
    assert said.startswith("packages of seeing over environment torch could not be made: "), said
    assert f"torchvision=={version} as the indexes offer it does not fit the environment torch" in said
    assert "operator torchvision::nms does not exist" in said
    assert f"to where torchvision=={version}+" in said and "requirements.excludes" in said
    assert "1 cell: packages of seeing over environment torch could not be made" in ran.stdout
    torch, lock = REPOSITORY / "pipelines/environments/torch.lock", model / "requirements.lock"
    kept = PackagesRecipe(model="seeing", lock=lock, environment="torch", environment_lock=torch)
    assert not kept.folder(real_build / "envs").exists()


def test_weights_go_strictly_into_a_torch_model_and_run_no_code(tmp_path: Path, real_envs: Path) -> None:
    names = ["good.pt", "good.safetensors", "renamed.pt", "wrapped.pt", "whole.pt", "sized.safetensors"]

    said = taken("torch", tmp_path, python_of("torch", real_envs), MAKE_TORCH, names)

    assert (said["good.pt"], said["good.safetensors"]) == ("taken", "taken")
    assert said["renamed.pt"].endswith("missing in the file: bias; unexpected in the file: gain")
    assert "holds more than tensors by name: state_dict, epoch; save them alone" in said["wrapped.pt"]
    assert "could run code as it is loaded" in said["whole.pt"] and "torch.nn.modules.linear.Linear" in said["whole.pt"]
    assert "size mismatch for weight" in said["sized.safetensors"]


def test_weights_go_strictly_into_a_keras_model_and_read_no_other_file(tmp_path: Path, real_envs: Path) -> None:
    names = [f"{name}.weights.h5" for name in ("good", "more", "linked", "external", "virtual")]

    said = taken("keras", tmp_path, python_of("tensorflow", real_envs), MAKE_KERAS, names)

    assert said["good.weights.h5"] == "taken"
    assert "unexpected in the file: layers/dense_1/vars/0, layers/dense_1/vars/1" in said["more.weights.h5"]
    assert "layers/dense/vars/0 is a link, which may lead to another file" in said["linked.weights.h5"]
    for name in ("external", "virtual"):
        assert "the content of layers/dense/vars/0 lies in another file" in said[f"{name}.weights.h5"]
