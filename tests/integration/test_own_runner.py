"""A runner that does not ship, from a user's folder: its image, its /tmp and its own worker serve a target."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploymatrix.environments.engine import engine
from deploymatrix.host.worker_program import WORKER
from tests.fakes.tree import REPOSITORY, Tree

RUNNER = """
entry = "serve.py"
installer = "pip"
base = "python:3.11-slim-bookworm"
command = ["python3", "-s", "-X", "faulthandler", "{worker}"]
worker = "worker"
modules = "shared"
loopback = true
shared = ["/tmp", "/dev/shm"]

[variables]
OF_THE_RUNNER = "mine"
DEPLOYMATRIX_MODULES = "{modules}"

[tmp]
size_mb = 300
exec = true

[debian]
packages = ["python3", "libgomp1", "libstdc++6"]
"""
HANDED = "DEPLOYMATRIX_MODULES=/deploymatrix/modules"
# Each line fails the cell where a declaration did not reach the worker.
SERVE = """
import faulthandler, os, pathlib, socket, subprocess
import numpy as np
from handed import NAMES

VERSIONS = ("numpy",)
TMP_MB = {tmp_mb}


def load(payload):
    assert os.environ["OF_THE_RUNNER"] == "mine"
    assert os.environ["OF_THE_WORKER"] == "mine"
    assert faulthandler.is_enabled()
    if TMP_MB:
        tmp = os.statvfs(os.environ["TMPDIR"])
        assert tmp.f_blocks * tmp.f_frsize >= TMP_MB * 2**20
        program = pathlib.Path(os.environ["TMPDIR"], "program")
        program.write_text("#!/bin/sh\\n")
        program.chmod(0o755)
        subprocess.run([program], check=True)
        for folder in ("/tmp", "/dev/shm"):
            pathlib.Path(folder, "shared").touch()
    listening = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(listening.getsockname()).close()
    return dict(np.load(payload))


def run(session, inputs):
    return {{name: inputs["x"] @ session[name] for name in NAMES}}
"""


def own_runner(tree: Tree, tmp_mb: int) -> Tree:
    """A user's folder with a runner of its own and a target in it; the shipped runners lie below."""
    shutil.rmtree(tree.root / "docker")
    tree.write("deploymatrix.toml", "shipped = true\nshipped_models = false\n")
    tree.write("docker/mine/runner.toml", RUNNER)
    dockerfile = (REPOSITORY / "docker" / "python" / "Dockerfile").read_text(encoding="utf-8")
    tree.write("docker/mine/Dockerfile", f"{dockerfile}ENV OF_THE_RUNNER=mine\n")
    tree.write("docker/mine/shared/handed.py", 'NAMES = ("left", "right")\n')
    worker = tree.root / "docker" / "mine" / "worker"
    shutil.copytree(WORKER, worker, ignore=shutil.ignore_patterns("__pycache__", "*.mjs"))
    start = (worker / "__main__.py").read_text(encoding="utf-8")
    tree.write("docker/mine/worker/__main__.py", f"{start.replace('import sys', MARKED, 1)}")
    shutil.copytree(tree.root / "targets" / "npz", tree.root / "targets" / "mine")
    (tree.root / "targets" / "mine" / "run.py").unlink()
    tree.change("targets/mine/target.toml", 'runner = "python"', 'runner = "mine"')
    tree.write("targets/mine/serve.py", SERVE.format(tmp_mb=tmp_mb))
    return tree


MARKED = 'import os\nimport sys\n\nos.environ["OF_THE_WORKER"] = "mine"'


def outcomes(tree: Tree) -> dict[str, str]:
    cells = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    return {f"{cell['model']}/{cell['target']}": f"{cell['outcome']}{cell['detail'] or ''}" for cell in cells}


def test_its_cells_run_in_processes(runnable: Tree) -> None:
    tree = own_runner(runnable, tmp_mb=0)

    done = tree.run("run", "-t", "mine", "-t", "plain", "--isolation", "process")

    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(tree) == {"linear/mine": "passed", "linear/plain": "passed"}


@pytest.mark.docker
def test_its_cells_run_in_containers(runnable: Tree) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    tree = own_runner(runnable, tmp_mb=300)

    done = tree.run("run", "-t", "mine", "--isolation", "docker")

    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(tree) == {"linear/mine": "passed"}
    again = tree.run("repro", "linear/mine/fp32", "--run")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_change_of_its_worker_runs_its_cells_again_and_no_others(runnable: Tree) -> None:
    tree = own_runner(runnable, tmp_mb=0)
    arguments = ("run", "-t", "mine", "-t", "npz", "--isolation", "process")
    assert tree.run(*arguments).returncode == 0

    tree.append("docker/mine/worker/running.py", "\nEXTRA = 1\n")

    assert tree.run("gate").returncode != 0  # its result is stale
    assert tree.run(*arguments).returncode == 0
    measured = json.loads((tree.build / "measurements.json").read_text(encoding="utf-8"))
    assert (measured["exports"], measured["runs"]) == (0, 1)


def test_the_shipped_runners_stay(runnable: Tree) -> None:
    tree = own_runner(runnable, tmp_mb=0)

    targets = json.loads(tree.run("list", "targets", "--json").stdout)

    runners = {row["target"]: row["runner"] for row in targets}
    assert (runners["mine"], runners["plain"], runners["tfjs"]) == ("mine", "python", "node")


def test_its_bundle_holds_its_worker(runnable: Tree, tmp_path: Path) -> None:
    tree = own_runner(runnable, tmp_mb=0)
    assert tree.run("run", "-t", "mine", "--isolation", "process").returncode == 0

    again = tree.run("repro", "linear/mine/fp32", "--run")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "passed" in again.stdout
