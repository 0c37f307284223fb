"""Runs killed with SIGKILL at random moments: nobody lives on, the next run ends what they began and leaves nothing.

`nox -s kills` tries a hundred moments; among the usual tests are a few.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.host.reaping import PID
from tests.fakes.tree import Tree, environment
from tests.killing import ALIVE_S, Killable, is_linux, kill_and_resume

pytestmark = pytest.mark.skipif(not is_linux(), reason="looks for processes in Linux's /proc")
HANGS_ON_IMPORT = """
import subprocess
import sys

subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
"""
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


@pytest.mark.docker
@pytest.mark.parametrize("importing", [False, True], ids=["running", "importing"])
def test_the_containers_of_a_killed_run_end(client: Any, runnable: Tree, importing: bool) -> None:
    runnable.add_model("hanging", '[routes.npz]\noptions = { fault = "hang" }')
    if importing:
        runnable.append("targets/npz/run.py", HANGS_ON_IMPORT)
    run = runnable.command("run", "--isolation", "docker", "-m", "hanging", "-t", "npz")

    with subprocess.Popen(run, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        containers = {"label": f"{PID}={process.pid}"}
        wait_until(lambda: client.api.containers(filters=containers), 120)
        (container,) = client.api.containers(filters=containers)
        wait_until(lambda: len(client.api.top(container["Id"])["Processes"]) > 3, 60)
        process.kill()

    wait_until(lambda: not client.api.containers(filters=containers), ALIVE_S)
    shutil.rmtree(runnable.root / "models" / "hanging")
    runnable.run("run", "--isolation", "docker", "-t", "plain")
    assert client.api.containers(all=True, filters=containers) == []


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    """Poll what other processes do, which nothing here can be told of."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)


@pytest.mark.long
def test_runs_killed_at_a_hundred_moments(of_fakes: Killable) -> None:
    try_moments(of_fakes, 100, seed=2)


@pytest.mark.long
def test_runs_of_real_frameworks_killed_at_some_moments(of_mlp: Killable) -> None:
    try_moments(of_mlp, 10, seed=3)
