"""Own samples with real frameworks: files and samples.py, and expected outputs that are the model's, or are not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.fakes.safetensors import safetensors_bytes

Command = Callable[..., subprocess.CompletedProcess[str]]

TOML = """
framework = "FRAMEWORK"
samples = "SAMPLES"

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 6]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 3]
"""
DIMS = """
[dims]
batch = { min = 1, max = 6, try = [2, 4] }
"""
TORCH = """
import torch
from torch import nn
from weights import WEIGHTS

def build():
    layer = nn.Linear(6, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(WEIGHTS).T)
    return layer
"""
KERAS = """
import keras
import numpy as np
from weights import WEIGHTS

def build():
    given, layer = keras.Input((6,)), keras.layers.Dense(3, use_bias=False)
    model = keras.Model(given, layer(given))
    layer.set_weights([np.array(WEIGHTS, "float32")])
    return model
"""
SAMPLES = """
import numpy as np

def samples():
    yield from ({"x": np.full((1, 6), scale, "float32")} for scale in (1, -1, 2, -3))
"""
WEIGHTS = np.random.default_rng(5).standard_normal((6, 3)).astype("float32")
X = np.random.default_rng(6).standard_normal((4, 1, 6)).astype("float32")


def model(folder: Path, framework: str, samples: str) -> Path:
    """A linear map with the weights of training."""
    folder.mkdir(parents=True)
    toml = TOML.replace("FRAMEWORK", framework).replace("SAMPLES", samples)
    (folder / "model.toml").write_text(toml)
    (folder / "model.py").write_text(TORCH if framework == "torch" else KERAS)
    (folder / "weights.py").write_text(f"WEIGHTS = {WEIGHTS.tolist()!r}\n")
    return folder


def free(folder: Path) -> Path:
    toml = folder / "model.toml"
    toml.write_text(toml.read_text().replace("[1, ", '["batch", ') + DIMS)
    return folder


def expect(folder: Path, **arrays: Any) -> None:
    toml = folder / "model.toml"
    toml.write_text(toml.read_text().replace("samples =", 'expected = "expected/"\nsamples =', 1))
    (folder / "expected").mkdir()
    for name, array in arrays.items():
        np.savez(folder / "expected" / f"{name}.npz", y=array)


def cells(build: Path) -> dict[str, dict[str, Any]]:
    return {cell["model"]: cell for cell in json.loads((build / "matrix.json").read_text())["cells"]}


def write_models(nets: Path) -> None:
    """Models that differ in how their samples are given; those of `normalised` are not what training had."""
    np.savez(model(nets / "stacked", "torch", "x.npz") / "x.npz", x=X)
    expect(nets / "stacked", x=X @ WEIGHTS)
    several = model(nets / "several", "torch", "data/*") / "data"
    several.mkdir()
    np.savez(several / "a.npz", x=X[0])
    (several / "b.safetensors").write_bytes(safetensors_bytes({"x": X[1]}))
    (model(nets / "keras_coded", "keras", "samples.py") / "samples.py").write_text(SAMPLES)
    expect(nets / "keras_coded", **{"0": np.ones((1, 6)) @ WEIGHTS.astype("float64")})
    np.savez(model(nets / "normalised", "torch", "x.npz") / "x.npz", x=X / 255)
    expect(nets / "normalised", x=X @ WEIGHTS)
    batches = free(model(nets / "batches", "torch", "*.npz"))
    np.savez(batches / "two.npz", x=np.stack([X[:2, 0], X[2:, 0]]))
    np.savez(batches / "three.npz", x=X[:3, 0])
    expect(batches, three=X[:3, 0] @ WEIGHTS)


def test_samples_of_every_kind_with_real_frameworks(deploymatrix: Command, real_build: Path, tmp_path: Path) -> None:
    nets = tmp_path / "nets"
    write_models(nets)

    chosen = [word for path in nets.iterdir() for word in ("-m", path.name)]
    done = deploymatrix("run", "--isolation", "process", "-t", "torchscript", "--models", nets, *chosen)

    assert (real_build / "matrix.json").is_file(), done.stderr
    found = cells(real_build)
    own = {name: cell["own_samples"] for name, cell in found.items()}
    assert {name: cell["outcome"] for name, cell in found.items()} == {
        "stacked": "passed",
        "several": "passed",
        "batches": "passed",
        "keras_coded": "passed",
        "normalised": "reference_failed",
    }, done.stderr
    assert own == {
        "stacked": "4 of x.npz; expected: outputs y of 4 of 4 samples",
        "several": "2 of data/*, 2 drawn",
        "batches": "3 of *.npz, 6 drawn; expected: outputs y of 1 of 3 samples",
        "keras_coded": "4 of samples.py; expected: outputs y of 1 of 4 samples",
        "normalised": "",
    }
    assert [sizes["batch"] for sizes in found["batches"]["sizes"]] == [4, 4, 4, 4, 3, 2, 2, 1, 6]
    assert "the expected output y of sample " in found["normalised"]["detail"]
    assert "the preprocessing of the samples or the weights are not those of training" in found["normalised"]["detail"]
    gate = deploymatrix("gate", "--models", nets, "-m", "stacked", "-m", "keras_coded", "-t", "torchscript")
    assert gate.returncode == 0, gate.stdout + gate.stderr
    repeated = deploymatrix("repro", "normalised/torchscript/fp32", "--models", nets, "--run")
    assert repeated.returncode == 1 and "(the same outcome)" in repeated.stdout, repeated.stdout + repeated.stderr

    np.savez(nets / "stacked" / "x.npz", x=X[::-1])

    assert "stale: stacked/torchscript/fp32" in deploymatrix("gate", "--models", nets, "-m", "stacked").stdout
