"""Mutants of a quantised ONNX graph change what the runtime answers; an honest runtime is as near as rounding is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.selftest.kinds import KINDS

HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "pipelines/environments/onnxruntime.lock"
WITHOUT = {"int8-dynamic": {"range-0.1", "bias-scale-2"}, "int8-static": set()}  # biases and ranges are floats there
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def found(real_envs: Path) -> Found:
    python = ensure_python("onnxruntime", LOCK, real_envs, print)
    done = subprocess.run([python, HERE / "run_onnx_mutants.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("variant", sorted(WITHOUT))
def test_each_mutant_moves_the_answers(found: Found, variant: str) -> None:
    moved = {name: far for name, far in found[variant].items() if name in KINDS}

    assert moved.keys() == {kind.name for kind in KINDS.values() if kind.maker == "quantised"}
    assert {name for name, far in moved.items() if far is None} == WITHOUT[variant]
    unmoved = {name for name, far in moved.items() if far is not None and far < 1e-3}
    assert unmoved <= {"layer-left"}  # which answers do not show: the step refuses it


@pytest.mark.parametrize("variant", sorted(WITHOUT))
def test_a_quantiser_that_does_something_else_to_weights_is_refused(found: Found, variant: str) -> None:
    wrong = {"scale-1.5", "channel-permuted", "scale-of-all", "scale-of-first"}
    wrong |= {"int8-dynamic": {"zero-point-8"}, "int8-static": {"bias-scale-2"}}[
        variant
    ]  # of an activation in the latter

    assert found[variant]["refused"] == {**dict.fromkeys(wrong, "WrongLevels"), "layer-left": "LeftInFloat32"}


@pytest.mark.parametrize("variant", sorted(WITHOUT))
def test_an_honest_runtime_is_no_farther_off_than_rounding_is(found: Found, variant: str) -> None:
    noise, fidelity = found[variant]["noise"], found[variant]["fidelity"]

    assert noise is not None and fidelity is not None
    assert 0 < noise < 1e-6 and fidelity < 4 * noise + 1e-6
