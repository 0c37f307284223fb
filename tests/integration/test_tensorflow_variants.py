"""Variants of SavedModel and TensorFlow.js, really made and run: a network of convolution, attention mask and products.

A target whose runner takes the scale of one tensor wrongly is told from the right one by fidelity alone.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import REPOSITORY, Command

MODEL = """
framework = "keras"
family = "image"
seed = 5

[[inputs]]
name = "image"
dtype = "float32"
shape = [1, 8, 8, 3]

[[outputs]]
name = "answer"
dtype = "float32"
shape = [1, 48]
"""
NETWORK = """
import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("tests")
class Masked(layers.Layer):
    def call(self, x):
        return x * (1 + ops.softmax(ops.where(x > 0, x, float("-inf"))))


def build():
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(64, 3, activation="relu", name="kernels")(image)
    x = Masked()(layers.Dense(64, name="weights")(layers.GlobalAveragePooling2D()(x)))
    return keras.Model(image, layers.Dense(48, name="last")(x), name="masked")
"""
SPECS = "weightSpecs: model.weightsManifest.flatMap((group) => group.weights)"
WRONG = "for (const { name, quantization } of specs) if (name.includes('last')) quantization.scale *= 1.05"
VARIANTS = ("fp16", "int8-weights", "uint16-weights")
LOSS = {"fp16": 1e-3, "int8-weights": 0.03, "uint16-weights": 1e-4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the model, and with a target beside tfjs whose runner is wrong."""
    root = tmp_path_factory.mktemp("project")
    (root / "models/masked").mkdir(parents=True)
    (root / "models/masked/model.toml").write_text(MODEL)
    (root / "models/masked/model.py").write_text(NETWORK)
    (root / "deploymatrix.toml").write_text("shipped = true\nshipped_models = false\n")
    faulty = root / "targets/tfjs-faulty"
    shutil.copytree(REPOSITORY / "targets/tfjs", faulty)
    toml = 'format = "tfjs"\nrunner = "node"\nvariants = ["int8-weights"]\n'
    (faulty / "target.toml").write_text(toml)
    program = (faulty / "run.mjs").read_text()
    assert SPECS in program
    wrong = f"function worse(specs) {{ {WRONG}; return specs; }}\n"
    (faulty / "run.mjs").write_text(wrong + program.replace(SPECS, f"{SPECS.replace(': ', ': worse(')})"))
    return root


def test_variants_lose_little_and_runtimes_run_what_they_hold(
    folder: Path, deploymatrix: Command, tmp_path: Path, real_build: Path
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    targets = [option for name in ("savedmodel", "tfjs", "tfjs-faulty") for option in ("-t", name)]
    chosen = [option for name in ("fp32", *VARIANTS) for option in ("-v", name)]

    ran = deploymatrix("run", "--isolation", "process", "-m", "masked", *targets, *chosen)

    cells = {cell["cell"]: cell for cell in map(named, json.loads((real_build / "matrix.json").read_text())["cells"])}
    sound = {name: cell for name, cell in cells.items() if cell["outcome"] == "passed"}
    assert sorted(sound) == sorted(
        [f"savedmodel/{variant}" for variant in ("fp32", "fp16", "int8-weights")]
        + [f"tfjs/{variant}" for variant in ("fp32", *VARIANTS)]
    ), ran.stdout
    for name, cell in sound.items():
        if cell["variant"] != "fp32":
            [fidelity] = [output["fidelity"] for output in cell["outputs"]]
            assert 0 < fidelity["loss"] < LOSS[cell["variant"]], name
            assert fidelity["error"] < 1e-6, name
            assert cell["artifact"]["bytes"] < cells[f"{cell['target']}/fp32"]["artifact"]["bytes"], name
    assert [name for name, cell in sound.items() if "tfjs-quantised-infinity" in cell["repairs"]] == [
        "tfjs/int8-weights",
        "tfjs/uint16-weights",
    ]
    wrong = cells["tfjs-faulty/int8-weights"]
    assert (wrong["outcome"], "fidelity" in wrong["detail"]) == ("mismatch", True), wrong["detail"]


def named(cell: dict[str, Any]) -> dict[str, Any]:
    return {**cell, "cell": f"{cell['target']}/{cell['variant']}"}
