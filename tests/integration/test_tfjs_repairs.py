"""What the step to TensorFlow.js rewrites runs there, and answers as TensorFlow does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.project.project import Project
from deploymatrix.verify.arrays import read_arrays
from deploymatrix.verify.inspector import inspecting
from deploymatrix.verify.verify import Claim, verify_in

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
REPAIRS = {
    "bicubic": ["tfjs-bicubic"],
    "bytes": [],
    "depthwise": ["tfjs-grouped-convolution"],
    "einsum_late": ["tfjs-einsum-sums"],
    "einsum_left_out": ["tfjs-einsum-sums"],
    "einsum_right": [],
    "grouped": ["tfjs-grouped-convolution"],
    "loop": ["tfjs-control-inputs"],
    "loop_of_products": ["tfjs-erfc", "tfjs-einsum-sums"],
    "number_as_bias": ["tfjs-fused-bias"],
    "plain": [],
    "product_as_bias": ["tfjs-fused-bias"],
    "scatter": ["tfjs-scatter-in-place"],
}


def test_rewritten_graphs_answer_as_tensorflow_does(tmp_path: Path, real_envs: Path, real_build: Path) -> None:
    python = ensure_python("tensorflowjs", REPOSITORY / "pipelines/environments/tensorflowjs.lock", real_envs, print)
    quiet = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_ENABLE_ONEDNN_OPTS": "0"}
    subprocess.run([python, HERE / "write_tfjs_cases.py", tmp_path], check=True, capture_output=True, env=quiet)

    found = {}
    with inspecting(Project(root=REPOSITORY, build=real_build), "process", 60, print) as inspector:
        for name in REPAIRS:
            found[name] = verify_in(inspector, claim_of(tmp_path / name))

    assert {name: (result.outcome, result.detail) for name, result in found.items()} == {
        name: ("passed", "") for name in REPAIRS
    }
    repairs = {name: json.loads((tmp_path / name / "repairs.json").read_text()) for name in REPAIRS}
    assert repairs == REPAIRS


def claim_of(folder: Path) -> Claim:
    return Claim(
        artifact=folder / "tfjs_model",
        target="tfjs",
        inputs=[read_arrays(folder / "inputs.npz")],
        reference=[read_arrays(folder / "outputs.npz")],
    )
