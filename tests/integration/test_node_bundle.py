"""The program of a Node bundle: it decides as the matrix does, with Node alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.worker_program import worker_of
from deploymatrix.numerics.compare import compare
from deploymatrix.repro.bundle import program_files
from deploymatrix.repro.evidence import PROGRAMS
from deploymatrix.repro.packing import write_folder
from tests.runtimes import SHIPPED
from tests.vectors.drawing import drawn_case, drawn_noise, drawn_slices
from tests.vectors.reading import (
    CASES,
    FAILURES,
    NOISE,
    STABILITY,
    VECTORS,
    answers_of,
    as_expected,
    limits_of,
    of_noise,
    rounded,
)

NODE = shutil.which("node")

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
LIMITS = {"multiple": 12, "floor": 1e-5, "ceiling": 5e-4, "error": None}
SIGNATURE = {"inputs": {"x": {"name": "x", "dtype": "float32", "shape": [2]}}, "outputs": {"y": {"name": "y"}}}


@pytest.fixture(scope="module", autouse=True)
def needs_node() -> None:
    assert NODE is not None, "these tests need a Node on the PATH: https://nodejs.org"


def said_by_node(script: str, module: Path, vectors: Path) -> dict[str, Any]:
    """What a module of the bundle's program makes of each case of a file of vectors, by its name."""
    command = [str(NODE), str(VECTORS / script), str(module), str(vectors)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout, parse_int=float)  # 1e+20 is written without a point
    return found


def judged_by_node(vectors: Path, module: str = "judgement.mjs") -> dict[str, Any]:
    """What Node's judgement makes of each case of a file of vectors, by its name."""
    found = said_by_node("judge.mjs", PROGRAMS / module, vectors)
    for verdict in found.values():
        for output in verdict["outputs"]:
            del output["outcome"], output["headroom"]
            for figure in ("eager", "fidelity"):
                output.pop(figure, None)
        del verdict["named"]
    return found


def noise_judged_by_node(vectors: Path) -> dict[str, Any]:
    """The same of vectors that are judged by noise, as reading.of_noise tells them."""
    found = said_by_node("judge.mjs", PROGRAMS / "judgement.mjs", vectors)
    for verdict in found.values():
        verdict["outcome"] = verdict.pop("named")
        for output in verdict["outputs"]:
            del output["outcome"], output["limit"], output["worst"]
            output.pop("eager", None)
            if output.setdefault("fidelity", None):
                output["fidelity"]["far_limit"] = output["fidelity"].pop("farLimit")
                output["fidelity"]["quiet_limit"] = output["fidelity"].pop("quietLimit")
    return dict(rounded(found))


@pytest.fixture(scope="module")
def judged() -> dict[str, Any]:
    return judged_by_node(VECTORS / "comparison.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_node_decides_as_the_vectors_say(judged: dict[str, Any], case: dict[str, Any]) -> None:
    assert judged[case["name"]] == case["expected"]


def test_node_judges_noise_as_the_vectors_say() -> None:
    assert noise_judged_by_node(VECTORS / "noise.json") == {case["name"]: case["expected"] for case in NOISE}


def test_node_judges_noise_that_nobody_thought_of_as_python_does(tmp_path: Path) -> None:
    cases = [drawn_noise(number) for number in range(300)]
    (tmp_path / "drawn.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")

    found = noise_judged_by_node(tmp_path / "drawn.json")

    for case in cases:
        comparison = compare(answers_of(case, tmp_path / case["name"]), limits_of(case))
        assert found[case["name"]] == of_noise(comparison), case["name"]
    outcomes = Counter(verdict["outcome"] for verdict in found.values())
    assert min(outcomes[name] for name in ("passed", "mismatch (loss)", "mismatch (fidelity)")) > 10, outcomes


def test_node_finds_answers_stable_as_the_vectors_say() -> None:
    found = judged_by_node(VECTORS / "stability.json", "stability.mjs")

    found = {name: {"outcome": judged["outcome"], "detail": judged["detail"]} for name, judged in found.items()}
    assert found == {case["name"]: case["expected"] for case in STABILITY}


def test_node_names_failures_as_the_vectors_say() -> None:
    found = said_by_node("name_failures.mjs", PROGRAMS / "failure.mjs", VECTORS / "failures.json")

    assert found == {case["name"]: case["expected"] for case in FAILURES}


def test_node_decides_as_python_does_on_what_nobody_thought_of(tmp_path: Path) -> None:
    cases = [drawn_case(number, limit=0.25) for number in range(400)]
    cases += [drawn_slices(number) for number in range(400)]
    (tmp_path / "drawn.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")

    found = judged_by_node(tmp_path / "drawn.json")

    for case in cases:
        comparison = compare(answers_of(case, tmp_path / case["name"]), limits_of(case))
        assert found[case["name"]] == as_expected(comparison), case
    assert {verdict["outcome"] for verdict in found.values()} == {
        *("passed", "mismatch", "nonfinite", "reference_failed"),
    }


def a_bundle(folder: Path, runner: dict[str, str], reference: Any, dtype: str = "float32") -> None:
    """A bundle of one cell, as bundle.py lays it out; its only dependency is Node."""
    write_folder(program_files(worker_of(SHIPPED.runners["node"])), folder)
    for name in ("samples/0", "reference/0", "artifact", "targets/t", "node_modules"):
        (folder / name).mkdir(parents=True)
    (folder / "targets" / "t" / "run.mjs").write_text(RUNNER.format(**{**USUAL, **runner}), encoding="utf-8")
    np.save(folder / "samples" / "0" / "x.npy", np.float32([0, 0]))
    for word in ("float64", "float32"):
        np.save(folder / "reference" / "0" / f"y.{word}.npy", reference)
    signature = {**SIGNATURE, "outputs": {"y": {"name": "y", "dtype": dtype, "shape": [2]}}}
    args = {"payload": {"path": "artifact"}, "signature": signature, "repeat": 1}
    request = {
        **{"task": "run", "module": {"path": "targets/t/run.mjs"}, "timeout_s": 20, "memory_mb": 2048},
        "args": {**args, "samples": [{"x": {"path": "samples/0/x.npy"}}]},
    }
    bundle = {
        **{"cell": "m/t/fp32", "outcome": "mismatch", "stage": "compare", "detail": "", "variables": {}},
        **{"request": request, "samples": 1, "limits": LIMITS, "orders": [], "command": ["{worker}/server.mjs"]},
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
        ({"load": "globalThis.n = 1 + (globalThis.n ?? 0); return {}", "data": "new Float32Array([n, 2])"}, "unstable"),
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


def test_an_outputs_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    a_bundle(tmp_path / "bundle", {"outputs": "{ y, ['z\\u001b[2J']: y }"}, np.float64([1, 2]))

    done = reproduced(tmp_path / "bundle")

    assert "now: io_mismatch: outputs that the signature does not name: z (" in done.stdout
    assert "\x1b" not in done.stdout


def reproduced(bundle: Path) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), "reproduce.mjs"]
    return subprocess.run(command, cwd=bundle, capture_output=True, text=True, timeout=60)
