"""An artifact of few bits that holds none: its answers are as good as float32's, and that is what tells."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploymatrix.errors import GATE_FAILED
from tests.fakes.tree import Tree
from tests.integration.test_figures_of_variants import CELL, HALVE, STEP, VARIANT

Command = Callable[..., subprocess.CompletedProcess[str]]
NOTHING = "nothing is quantised: the loss "
MODEL = """
import torch


def build():
    return torch.nn.LSTM(6, 8, batch_first=True)
"""
TOML = """
framework = "torch"
family = "sequence"
seed = 3

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4, 6]

[[outputs]]
name = "y"
dtype = "float32"
shape = [1, 4, 8]

[[outputs]]
name = "hidden"
dtype = "float32"
shape = [1, 1, 8]

[[outputs]]
name = "cell"
dtype = "float32"
shape = [1, 1, 8]
"""


def cells_in(build: Path) -> dict[str, Any]:
    cells = json.loads((build / "matrix.json").read_bytes())["cells"]
    return {f"{cell['model']}/{cell['target']}/{cell['variant']}": cell for cell in cells}


def test_a_step_that_copies_what_it_was_given_makes_no_variant(runnable: Tree) -> None:
    runnable.write("pipelines/variants/half.toml", VARIANT)
    runnable.append("pipelines/npz/pipeline.toml", STEP)
    runnable.write("pipelines/npz/from_npz.py", HALVE.replace("float16", "float32"))
    runnable.change("targets/npz/target.toml", '["fp32"]', '["fp32", "half"]')
    select = ("-m", "linear", "-t", "npz", "-v", "half")

    done = runnable.run("run", "--isolation", "process", *select)

    cell = cells_in(runnable.build)[CELL]
    assert done.returncode == GATE_FAILED and NOTHING in done.stdout + done.stderr
    assert (cell["outcome"], cell["fails"], cell["blame"]) == ("mismatch", ["loss"], "npz/from_npz (half)")
    assert cell["detail"].startswith(f"left: {NOTHING}")

    matrix = runnable.build / "matrix.json"
    edited = matrix.read_text().replace('"mismatch"', '"passed"').replace('"compare"', "null")
    matrix.write_text(edited)
    assert "refused" in runnable.run("gate", *select).stdout


def test_onnx_runtimes_static_quantiser_leaves_a_model_of_an_lstm_alone_as_it_was(
    deploymatrix: Command, real_build: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models" / "recurrent"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(MODEL)
    (folder / "model.toml").write_text(TOML)
    (tmp_path / "deploymatrix.toml").write_text("shipped_models = false\n")

    deploymatrix("run", "--isolation", "process", "-t", "onnx", "-v", "int8-static", "-v", "int8-dynamic")

    cells = cells_in(real_build)
    static, dynamic = (cells[f"recurrent/onnx/{variant}"] for variant in ("int8-static", "int8-dynamic"))
    assert (static["outcome"], static["fails"]) == ("mismatch", ["loss"])
    assert static["blame"] == "onnx/from_onnx (int8-static)"
    assert NOTHING in static["detail"]
    assert dynamic["outcome"] == "passed", dynamic["detail"]
