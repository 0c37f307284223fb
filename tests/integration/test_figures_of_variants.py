"""Size and time of a variant beside full precision, from a run to the gate; the same results give the same matrix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK
from tests.fakes.tree import Tree

VARIANT = """
weights = "float16"
activations = "float32"
judgement = "noise"
snr_db = 20
fidelity = { share = 2.0, flips = 0.5, times = 4, least = 1e-5, far = 0.01 }
"""
STEP = """
[[steps]]
from = "npz"
from_variant = "fp32"
variants = ["half"]
environment = "numpy"
"""
HALVE = """
import numpy as np

OPTIONS = ()
ENTRY = "model.npz"
VERSIONS = ("numpy",)


def export(source, spec, out, options):
    held = np.load(source)
    np.savez(out / ENTRY, **{name: held[name].astype("float16") if held[name].ndim else held[name] for name in held})
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
"""
CELL = "linear/npz/half"


@pytest.fixture
def halved(make_runnable: Callable[[Path], Tree], tmp_path: Path) -> Tree:
    tree = make_runnable(tmp_path / "project")
    tree.write("pipelines/variants/half.toml", VARIANT)
    tree.append("pipelines/npz/pipeline.toml", STEP)
    tree.write("pipelines/npz/from_npz.py", HALVE)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "half"]')
    return tree


def run(tree: Tree, *options: str) -> int:
    return tree.run("run", "--isolation", "process", "-m", "linear", "-t", "npz", *options).returncode


def records(tree: Tree, file: str) -> dict[str, Any]:
    cells = json.loads((tree.build / file).read_bytes())["cells"]
    return {cell.get("cell") or f"{cell['model']}/{cell['target']}/{cell['variant']}": cell for cell in cells}


def test_a_variant_stands_beside_full_precision_and_a_budget_holds_it(halved: Tree) -> None:
    assert run(halved, "-v", "all") == OK
    first = (halved.build / "matrix.json").read_bytes()

    assert run(halved, "-v", "all", "--fresh") == OK
    assert (halved.build / "matrix.json").read_bytes() == first

    cells, times = records(halved, "matrix.json"), records(halved, "measurements.json")
    sizes = {name: cell["artifact"]["bytes"] for name, cell in cells.items()}
    assert cells[CELL]["beside"] == "fp32"
    assert cells[CELL]["size_ratio"] == pytest.approx(sizes[CELL] / sizes["linear/npz/fp32"], rel=1e-3)
    assert cells[CELL]["size_ratio"] < 1
    assert times[CELL]["latency_ratio"] > 0 and times[CELL]["memory_ratio"] > 0
    assert times["linear/npz/fp32"]["latency_ratio"] is None

    options = ("-m", "linear", "-t", "npz", "-v", "half")
    assert halved.run("gate", *options).returncode == OK
    halved.write("budgets.toml", "[budgets.half]\nsize_ratio = 0.1\nlatency_ratio = 1e-9\n")
    gate = halved.run("gate", *options)
    assert gate.returncode == GATE_FAILED
    assert "times as large as in fp32, over 0.1 (budgets.toml" in gate.stdout
    assert "times that of fp32, over 1e-09 times" in gate.stdout


def test_without_full_precision_nothing_is_said_and_no_budget_of_it_is_met(halved: Tree) -> None:
    halved.write("budgets.toml", "[budgets.half]\nsize_ratio = 9\n")

    assert run(halved, "-v", "half") == GATE_FAILED

    cell, times = records(halved, "matrix.json")[CELL], records(halved, "measurements.json")[CELL]
    assert (cell["size_ratio"], times["latency_ratio"], times["memory_ratio"]) == (None, None, None)
    assert cell["over_budget"] == [
        'artifact\'s size beside linear/npz/fp32 is not known; run that cell, too (budgets.toml: budgets."half")'
    ]
