"""Runs killed with SIGKILL at random moments: nobody lives on, the next run ends what they began and leaves nothing.

`nox -s kills` tries a hundred moments; among the usual tests are a few.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.tree import Tree, environment
from tests.killing import ALIVE_S, Killable, is_linux, kill_and_resume

pytestmark = pytest.mark.skipif(not is_linux(), reason="looks for processes in Linux's /proc")
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def of_fakes(runnable: Tree) -> Killable:
    """The tiny project with three models."""
    for number in (2, 3):
        runnable.add_model(f"linear{number}")
        runnable.change(f"models/linear{number}/model.py", "default_rng(7)", f"default_rng({number})")
    command = runnable.command("run", "--isolation", "process", "--jobs", "2")
    return Killable(command, runnable.build, environment(), runnable.root)


@pytest.fixture
def of_mlp(real_build: Path) -> Killable:
    """Real exporters and runtimes: the smallest model, on two targets."""
    command = [sys.executable, "-m", "deploymatrix", "--root", str(REPOSITORY), "--build-dir", str(real_build)]
    command += ["run", "--isolation", "process", "-m", "mlp", "-t", "onnx", "-t", "torchscript"]
    return Killable(command, real_build, environment(), real_build)


def try_moments(run: Killable, moments: int, seed: int) -> None:
    """Kill as many runs, at moments from the first to the last of a run that nobody disturbs."""
    run.complete()  # which makes the environments
    run.forget()
    begin = time.monotonic()
    matrix = run.complete()
    whole_s, chance = time.monotonic() - begin, random.Random(seed)

    lived = [kill_and_resume(run, chance.uniform(0, whole_s), matrix) for _ in range(moments)]

    print(f"{moments} runs of {whole_s:.1f} s killed; something lived on for at most {max(lived):.2f} s")
    assert max(lived) < ALIVE_S


def test_runs_killed_at_some_moments(of_fakes: Killable) -> None:
    try_moments(of_fakes, 5, seed=1)


@pytest.mark.long
def test_runs_killed_at_a_hundred_moments(of_fakes: Killable) -> None:
    try_moments(of_fakes, 100, seed=2)


@pytest.mark.long
def test_runs_of_real_frameworks_killed_at_some_moments(of_mlp: Killable) -> None:
    try_moments(of_mlp, 10, seed=3)
