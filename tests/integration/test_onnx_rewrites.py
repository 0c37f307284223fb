"""What is rewritten for onnx2tf answers as before, and is rewritten only where it is what the rewrite is for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python

HERE = Path(__file__).parent
LOCK = HERE.parents[1] / "pipelines/environments/onnx2tf.lock"
MADE = {
    "scatter_elements": ["onnx2tf-scatter-add"],
    "scatter_elements_along_the_last": ["onnx2tf-scatter-add"],
    "scatter_slices": ["onnx2tf-scatter-add"],
    "scatter_numbers": ["onnx2tf-scatter-add"],
    "scatter_that_overwrites": [],
    "spectrum": ["onnx2tf-stft"],
    "nearest": ["onnx2tf-resize"],
    "cubic_to_sizes": ["onnx2tf-resize"],
    "linear": [],
    "lower_rank": ["onnx2tf-constant-ranks"],
    "square": ["onnx2tf-square-shapes"],
    "loop": ["onnx2tf-loop"],
    "rfft": ["onnx2tf-dft"],
    "rfft_of_a_length": ["onnx2tf-dft"],
    "fft": ["onnx2tf-dft"],
    "ifft": ["onnx2tf-dft"],
    "irfft": ["onnx2tf-dft"],
}


def test_rewritten_graphs_answer_as_before(real_envs: Path) -> None:
    python = ensure_python("onnx2tf", LOCK, real_envs, print)

    done = subprocess.run([python, HERE / "run_onnx_rewrites.py"], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name: case["made"] for name, case in found.items()} == MADE
    assert {name: case["error"] for name, case in found.items() if case["error"] > 1e-5} == {}
