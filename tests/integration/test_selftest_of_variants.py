"""`selftest` of quantised artifacts: on the tiny project with a quantiser of its own, and on a real model."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK
from tests.fakes.tree import Tree

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]
PROCESS = ("--isolation", "process")
FEW = ("--kinds", "quantised", "--kinds", "calibration")
VARIANT = """
weights = "int8"
activations = "int8"
calibration = true
judgement = "noise"
snr_db = {snr_db}
fidelity = {{ share = {share}, flips = 0.1, times = 4, least = 1e-5, far = {far} }}
"""
STEPS = """
[[steps]]
from = "npz"
from_variant = "fp32"
variants = ["int8"]
environment = "numpy"

[evaluation]
environment = "numpy"
variants = ["int8"]
"""
QUANTISER = '''
"""Rounds matrices to 255 levels; they are at most as large as what calibration shows."""

import numpy as np

ENTRY = "model.npz"


def export(source, spec, out, options):
    seen = max(float(np.abs(sample["x"]).max()) for sample in spec.calibration)
    matrices = {name: array for name, array in np.load(source).items() if array.ndim}
    rounded = {}
    for name, matrix in matrices.items():
        step, most = np.abs(matrix).max() / 127, seen * np.abs(matrix).max() / 3
        rounded[name] = np.clip(np.round(matrix / step) * step, -most, most).astype(np.float32)
    np.savez(out / ENTRY, fault=np.array(""), **rounded)
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
'''
EVALUATOR = '''
"""Answers in float64."""

import numpy as np


def load(payload):
    return {name: array.astype("float64") for name, array in np.load(payload).items() if array.ndim}


def run(session, inputs):
    return {name: (inputs["x"].astype("float64") @ session[name]).astype("float32") for name in ("left", "right")}
'''
MUTANTS = '''
"""Mutants of two matrices."""

import numpy as np

OPTIONS = ("kind", "pick", "given")
ENTRY = "model.npz"


class NoSite(LookupError):
    """There is nothing to change."""


def export(source, spec, out, options):
    factors = {"scale-1.5": 1.5, "zero-point-8": 1.003, "bias-scale-2": 1.0}
    arrays, kind, pick = dict(np.load(source)), options["kind"], options["pick"]
    if kind not in factors or pick > 1:
        raise NoSite(kind)
    name = ("left", "right")[pick]
    print(f"mutant: {name}")
    arrays[name] = (arrays[name] * np.array([factors[kind], 1, 1])).astype(np.float32)
    np.savez(out / ENTRY, **arrays)
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
'''


def quantised(tree: Tree, *, snr_db: float = 30, share: float = 0.1, far: float = 0.01) -> Tree:
    """The tiny project with a variant of 255 levels, a quantiser, an evaluator and mutants."""
    tree.write("pipelines/variants/int8.toml", VARIANT.format(snr_db=snr_db, share=share, far=far))
    tree.append("pipelines/npz/pipeline.toml", STEPS)
    tree.write("pipelines/npz/from_npz.py", QUANTISER)
    tree.write("pipelines/npz/evaluate.py", EVALUATOR)
    tree.write("pipelines/npz/mutants/quantised_mutant.py", MUTANTS)
    shared = "pipelines/variants/calibration_mutant.py"
    tree.write(shared, (REPOSITORY / shared).read_text(encoding="utf-8"))
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "int8"]')
    return tree


def found(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(m["kind"], m["fault"], m["change"]): m for m in json.loads(done.stdout)["mutants"]}


def test_a_runtime_that_errs_is_found_by_fidelity_and_a_quantiser_by_its_loss(runnable: Tree) -> None:
    done = quantised(runnable).run("selftest", *PROCESS, "-v", "int8", *FEW, "--format", "json")

    mutants = found(done)
    assert {m["variant"] for m in mutants.values()} == {"int8"}
    runtime, quantiser = mutants["scale-1.5", "runtime", "left"], mutants["scale-1.5", "quantiser", "left"]
    assert (runtime["fate"], quantiser["fate"]) == ("killed", "killed"), done.stderr
    assert "fidelity" in runtime["detail"] and "fidelity" not in quantiser["detail"]
    assert mutants["calibration-zeros", "quantiser", "place 0"]["fate"] == "killed"
    assert mutants["zero-point-8", "runtime", "left"]["fate"] == "killed"  # far below the noise of the graph


def test_what_is_below_the_noise_that_is_there_anyway_is_equivalent(runnable: Tree) -> None:
    done = quantised(runnable).run("selftest", *PROCESS, "-v", "int8", *FEW, "--format", "json")

    mutants = found(done)
    assert mutants["zero-point-8", "quantiser", "left"]["fate"] == "equivalent"
    assert mutants["bias-scale-2", "runtime", "right"]["fate"] == "equivalent"
    assert done.returncode == OK, done.stdout


def test_limits_that_are_too_wide_let_mutants_survive(runnable: Tree) -> None:
    done = quantised(runnable, snr_db=1, share=10, far=0.9).run("selftest", *PROCESS, "-v", "int8", *FEW)

    assert done.returncode == GATE_FAILED, done.stdout + done.stderr
    assert "linear/npz/int8, scale-1.5 (quantiser), left: passed" in done.stdout
    assert "× the noise that is there anyway" in done.stdout


def test_float32_has_no_such_mutants(runnable: Tree) -> None:
    done = quantised(runnable).run("selftest", *PROCESS, "-v", "fp32", "-t", "npz", "--format", "json")

    kinds = {m["family"] for m in json.loads(done.stdout)["mutants"]}
    assert done.returncode == OK and "quantised" not in kinds and "structural" in kinds


@pytest.mark.parametrize("variant", ["int8-dynamic"])
def test_wrong_numbers_of_a_real_quantised_graph_are_found(deploymatrix: Command, tmp_path: Path, variant: str) -> None:
    (tmp_path / "deploymatrix.toml").touch()
    cell = ("-m", "digits_mlp", "-t", "onnx", "-v", variant)

    done = deploymatrix("selftest", *PROCESS, *cell, *FEW, "--places", "2", "--format", "json")

    mutants = json.loads(done.stdout)["mutants"]
    killed = {(m["kind"], m["fault"]) for m in mutants if m["fate"] == "killed"}
    certain = {("zero-point-8", "runtime"), ("zero-point-8", "quantiser"), ("channel-permuted", "runtime")}
    assert certain <= killed, mutants
