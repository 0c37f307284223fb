"""Free axes with real exporters and runtimes: batch 1 and 3, sequences of 1, 7, 32 and 128, on three targets, and every
night on all six."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[1] / "free_models"
Command = Callable[..., subprocess.CompletedProcess[str]]

SOME, ALL = ("litert", "onnx", "torchscript"), ("executorch", "litert", "onnx", "savedmodel", "tfjs", "torchscript")


@pytest.mark.parametrize("targets", [SOME, pytest.param(ALL, marks=pytest.mark.long)], ids=["some", "all"])
def test_every_size_holds_on_every_target_whose_exporter_can(
    deploymatrix: Command, real_build: Path, targets: tuple[str, ...]
) -> None:
    selected = ("-m", "free_torch", "-m", "free_keras", *(word for target in targets for word in ("-t", target)))
    done = deploymatrix("run", "--isolation", "process", "--models", MODELS, *selected)

    cells = {
        (cell["model"], cell["target"]): cell for cell in json.loads((real_build / "matrix.json").read_text())["cells"]
    }
    assert {name: cell["outcome"] for name, cell in cells.items()} == dict.fromkeys(cells, "passed"), done.stdout
    assert len(cells) == 2 * len(targets)
    assert {name: cell["static"] for name, cell in cells.items() if cell["static"]} == {
        ("free_torch", "litert"): {"batch": 3, "time": 32}  # litert-torch cannot
    }
    for model in ("free_torch", "free_keras") if "executorch" in targets else ():
        assert cells[model, "executorch"]["repairs"] == ["executorch-xnnpack-free-axes"]
    for name, cell in cells.items():
        tried = {(sizes["batch"], sizes["time"]) for sizes in cell["sizes"]}
        if not cell["static"]:
            assert tried == {(3, 32), (1, 32), (3, 1), (3, 7), (3, 128), (1, 1)}, name
