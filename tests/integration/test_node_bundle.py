"""The program of a Node bundle: it decides as the matrix does, with Node alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.worker_program import WORKER
from deploymatrix.repro.program import reproduce

NODE = shutil.which("node")
PROGRAM = Path(reproduce.__file__).with_name("reproduce.mjs")

RUNNER = """
export async function load(payload) {{ {load} }}
export async function run(session, inputs) {{
  const y = {{ dtype: "{dtype}", shape: {shape}, data: {data} }};
  return {outputs};
}}
"""
USUAL = {
    "load": "return {}",
    "dtype": "float32",
    "shape": "[2]",
    "data": "new Float32Array([1, 2])",
    "outputs": "{ y }",
}
SIGNATURE = {"inputs": {"x": {"name": "x", "dtype": "float32", "shape": [2]}}, "outputs": {"y": {"name": "y"}}}

pytestmark = pytest.mark.skipif(NODE is None, reason="needs a Node on the PATH: https://nodejs.org")


def a_bundle(folder: Path, runner: dict[str, str], reference: Any, dtype: str = "float32") -> None:
    """A bundle of one cell, as bundle.py lays it out; its only dependency is Node."""
    shutil.copytree(WORKER, folder / "worker", ignore=lambda _, names: [n for n in names if not n.endswith(".mjs")])
    shutil.copyfile(PROGRAM, folder / "reproduce.mjs")
    for name in ("samples/0", "reference/0", "artifact", "targets/t", "node_modules"):
        (folder / name).mkdir(parents=True)
    (folder / "targets" / "t" / "run.mjs").write_text(RUNNER.format(**{**USUAL, **runner}), encoding="utf-8")
    np.save(folder / "samples" / "0" / "x.npy", np.float32([0, 0]))
    np.save(folder / "reference" / "0" / "y.float64.npy", reference)
    signature = {**SIGNATURE, "outputs": {"y": {"name": "y", "dtype": dtype, "shape": [2]}}}
    args = {"payload": {"path": "artifact"}, "signature": signature, "repeat": 1}
    request = {
        **{"task": "run", "module": {"path": "targets/t/run.mjs"}, "timeout_s": 20, "memory_mb": 2048},
        "args": {**args, "samples": [{"x": {"path": "samples/0/x.npy"}}]},
    }
    bundle = {
        **{"cell": "m/t/fp32", "outcome": "mismatch", "stage": "compare", "detail": "", "variables": {}},
        **{"request": request, "samples": 1, "limit": 1e-5},
        "outputs": [{"name": "y", "dtype": dtype, "shape": [2]}],
    }
    (folder / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")


@pytest.mark.parametrize(
    ("runner", "outcome"),
    [
        ({}, "passed"),
        ({"data": "new Float32Array([1, 2.000019])"}, "passed"),
        ({"data": "new Float32Array([1, 2.000022])"}, "mismatch"),
        ({"data": "new Float32Array([1, NaN])"}, "nonfinite"),
        ({"data": "new Float32Array([-Infinity, 2])"}, "nonfinite"),
        ({"shape": "[2, 1]"}, "io_mismatch"),
        ({"dtype": "float64", "data": "new Float64Array([1, 2])"}, "io_mismatch"),
        ({"outputs": "{ z: y }"}, "io_mismatch"),
        ({"load": "throw new Error('an operator that it lacks')"}, "load_failed"),
        ({"outputs": "(() => { throw new Error('no') })()"}, "run_failed"),
        ({"load": "process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {})"}, "crashed"),
    ],
)
def test_the_outcome_is_the_matrixs(tmp_path: Path, runner: dict[str, str], outcome: str) -> None:
    a_bundle(tmp_path / "bundle", runner, np.float64([1, 2]))

    done = reproduced(tmp_path / "bundle")

    assert f"now: {outcome}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == (0 if outcome == "passed" else 1)


@pytest.mark.parametrize(
    ("data", "reference", "outcome"), [("[1n, 2n]", [1, 2], "passed"), ("[1n, 3n]", [1, 2], "mismatch")]
)
def test_integers_must_be_equal(tmp_path: Path, data: str, reference: list[int], outcome: str) -> None:
    runner = {"dtype": "int64", "data": f"new BigInt64Array({data})"}
    a_bundle(tmp_path / "bundle", runner, np.int64(reference), dtype="int64")

    assert f"now: {outcome}" in reproduced(tmp_path / "bundle").stdout


def test_half_precision_is_read_by_its_value(tmp_path: Path) -> None:
    halves = np.float16([1.5, -0.000061]).view(np.uint16)
    runner = {"dtype": "float16", "data": f"new Uint16Array([{halves[0]}, {halves[1]}])"}
    a_bundle(tmp_path / "bundle", runner, np.float64(np.float16([1.5, -0.000061])), dtype="float16")

    assert "now: passed" in reproduced(tmp_path / "bundle").stdout


def reproduced(bundle: Path) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), "reproduce.mjs"]
    return subprocess.run(command, cwd=bundle, capture_output=True, text=True, timeout=60)
