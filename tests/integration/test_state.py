"""State with real exporters and runtimes: a decoder's 32 tokens on two targets, every night on all six, and a stream
in Keras."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[1] / "state_models"
STEPS = {"decoder": 32, "keras_stream": 8}
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("decoder and not zoo and (onnx or tfjs) or keras_stream and savedmodel", 3),
        pytest.param("decoder and not zoo or keras_stream and savedmodel", 7, marks=pytest.mark.long),
    ],
    ids=["two targets", "all targets"],
)
def test_every_step_holds_on_every_target(deploymatrix: Command, real_build: Path, wanted: str, count: int) -> None:
    done = deploymatrix(*("run", "--isolation", "process", "--models", MODELS, "-k", wanted))

    cells = {
        (cell["model"], cell["target"]): cell for cell in json.loads((real_build / "matrix.json").read_text())["cells"]
    }
    cells = {name: cell for name, cell in cells.items() if cell["outcome"] != "missing"}
    assert {name: cell["outcome"] for name, cell in cells.items()} == dict.fromkeys(cells, "passed"), done.stdout
    assert len(cells) == count
    for (model, _), cell in cells.items():
        for output in cell["outputs"]:
            assert output["shape"][0] == len(output["steps"]["errors"]) == STEPS[model]
    tokens = {target: cell["outputs"][1] for (model, target), cell in cells.items() if model == "decoder"}
    assert {(token["name"], token["error"], token["limit"]) for token in tokens.values()} == {("next_token", 0.0, 0.0)}
    assert tokens["tfjs"]["dtype"] == "int32"  # fed back as such: TF.js has no int64
