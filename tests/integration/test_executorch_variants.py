"""What XNNPACK's and the portable kernels round in variants of tiny models: none is red for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Command

WIDE = """
from torch import nn


def build():
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 64))
"""
PADDED = """
import keras
from keras import layers


def build():
    image = keras.Input((16, 16, 3), name="x")
    found = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    found = layers.DepthwiseConv2D(3, padding="same")(found)
    return keras.Model(image, layers.Conv2D(4, 3, padding="same", name="y")(found))
"""
GATED = """
import torch
from torch import nn


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates, self.mix = nn.Parameter(torch.rand(1, 8, 1, 1)), nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.mix(x * self.gates)


def build():
    return Gated()
"""
FIRE = """
import torch
from torch import nn


class Fire(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.three = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return torch.cat([self.one(x), self.three(x)], 1)


def build():
    return Fire()
"""
TEXTS = {"wide": WIDE, "padded": PADDED, "gated": GATED, "fire": FIRE}
SHAPES = {
    "wide": ("torch", [1, 64, 64], [1, 64, 64]),
    "padded": ("keras", [1, 16, 16, 3], [1, 8, 8, 4]),
    "fire": ("torch", [1, 8, 8, 8], [1, 16, 8, 8]),
    "gated": ("torch", [1, 8, 8, 8], [1, 4, 8, 8]),  # as many channels as rows: mixed up, the axes fit all the same
}
VARIANTS = ("fp16", "int8-dynamic", "int8-static")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with tiny models, beside the shipped targets."""
    for name, text in TEXTS.items():
        framework, taken, given = SHAPES[name]
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.py").write_text(text)
        tensors = [("inputs", "x", taken), ("outputs", "y", given)]
        declared = "".join(f'[[{kind}]]\nname = "{n}"\ndtype = "float32"\nshape = {s}\n' for kind, n, s in tensors)
        (folder / "model.toml").write_text(f'framework = "{framework}"\nfamily = "vision"\nseed = 3\n{declared}')
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")
    return tmp_path


def test_a_runtime_is_held_to_what_its_kernels_round(project: Path, deploymatrix: Command, real_build: Path) -> None:
    variants = [argument for name in VARIANTS for argument in ("-v", name)]

    done = deploymatrix("run", "--isolation", "process", "-t", "executorch", *variants)

    cells = {f"{c['model']} {c['variant']}": c for c in json.loads((real_build / "matrix.json").read_text())["cells"]}
    found = {name: cell["outcome"] for name, cell in cells.items()}
    assert found == {f"{name} {variant}": "passed" for name in SHAPES for variant in VARIANTS}, (
        done.stdout + done.stderr
    )
    # Thousands of biases that are no int32 to XNNPACK would flip a few levels: docs/findings/executorch-static-bias.
    assert figures(cells["wide int8-static"])["error"] < 1e-6
    # Keras's convolutions of float16 run on portable kernels, which add up in it: docs/findings/executorch-half-sums.
    half = figures(cells["padded fp16"])
    assert half["noise"] > 1.5 * figures(cells["wide fp16"])["noise"]
    assert half["error"] == pytest.approx(half["noise"], rel=0.2)
    for variant, repairs in (("static", {"folded-strides"}), ("dynamic", {"folded-strides", "dynamic-layout"})):
        cell = cells[f"padded int8-{variant}"]
        assert {f"executorch-{name}" for name in repairs} <= set(cell["repairs"])
        assert figures(cell)["error"] < 1e-6 < 1e-3 < figures(cell)["loss"]
    # A convolution of 1x1 has a scale each pixel: docs/findings/executorch-dynamic-rows.
    assert cells["gated int8-dynamic"]["repairs"] == ["executorch-dynamic-layout"]
    assert figures(cells["gated int8-dynamic"])["error"] < 1e-6
    # Two convolutions of one input: docs/findings/executorch-shared-range.
    assert "executorch-shared-range" in cells["fire int8-dynamic"]["repairs"]
    assert figures(cells["fire int8-dynamic"])["error"] < 1e-6


def figures(cell: dict[str, Any]) -> dict[str, Any]:
    (output,) = cell["outputs"]
    found: dict[str, Any] = output["fidelity"]
    return found
