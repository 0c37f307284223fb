"""The rewrites of the step to LiteRT compute what they stand for: PyTorch's own answers, where torch is."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
REPAIRS = [
    "litert-torch-complex",
    "litert-torch-cond",
    "litert-torch-embedding-bag",
    "litert-torch-int64",
    "litert-torch-nearest",
    "litert-torch-one-hot",
    "litert-torch-output-padding",
    "litert-torch-pow-axes",
    "litert-torch-scatter-add",
    "litert-torch-sort",
]


def test_every_rewrite_answers_as_the_operator_does(real_envs: Path) -> None:
    python = ensure_python("torch", REPOSITORY / "pipelines/environments/torch.lock", real_envs, print)
    program, steps = HERE / "run_litert_rewrites.py", REPOSITORY / "pipelines/litert"

    ran = subprocess.run([python, program, steps], check=True, capture_output=True, text=True)

    assert ran.stdout.splitlines() == REPAIRS  # a case whose answer differs is printed before these
