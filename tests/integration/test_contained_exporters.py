"""Model code in a container: it cannot reach the host, and its artifacts answer as those that it makes outside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.tree import Tree

pytestmark = pytest.mark.docker

# Tries what model code of a pull request could try, and says in its last line what came of it.
HOSTILE = """
import os, socket, sys

def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "DONE"

def write(path):
    with open(path, "w") as file:
        file.write("x")

here = os.path.dirname(os.path.abspath(__file__))
print("TRIED", [
    attempt(lambda: open("{secret}").read()),
    attempt(lambda: write("{canary}")),
    attempt(lambda: write(os.path.join(here, "canary"))),
    attempt(lambda: write(os.path.join(sys.prefix, "lib", "canary"))),
    attempt(lambda: os.listdir("{build}/store")),
    attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
    attempt(lambda: os.setuid(0)),
], [name for name in os.environ if name == "A_TOKEN"])
"""
RUN = ("run", "-t", "npz", "--isolation", "docker")


def cells(tree: Tree) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    return found


def recorded(tree: Tree) -> str:
    """Where the matrix says that exporters ran."""
    return str(json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["exporters"])


def test_model_code_reaches_nothing_of_the_host(client: Any, runnable: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, canary = runnable.write("secret.txt", "secret"), runnable.root / "canary"
    monkeypatch.setenv("A_TOKEN", "secret")
    hostile = HOSTILE.format(secret=secret, canary=canary, build=runnable.build)
    runnable.append("models/linear/model.py", hostile)
    runnable.write("deploymatrix.toml", 'shipped = false\nexporters = "docker"\n')

    done = runnable.run(*RUN)

    assert done.returncode == 0, done.stdout + done.stderr
    logs = [path.read_text() for path in (runnable.build / "logs").rglob("*.txt")]
    tried = [line for log in logs for line in log.splitlines() if line.startswith("TRIED")]
    assert tried and not [line for line in tried if "DONE" in line or "A_TOKEN" in line], tried
    assert not list(runnable.root.rglob("canary"))


def test_artifacts_answer_as_those_from_outside_and_results_are_kept_apart(client: Any, runnable: Tree) -> None:
    outside = runnable.run(*RUN, "--exporters", "process")
    first, said_first = cells(runnable), recorded(runnable)
    inside = runnable.run(*RUN, "--exporters", "docker")
    second, said_second = cells(runnable), recorded(runnable)

    assert (outside.returncode, inside.returncode) == (0, 0), inside.stdout + inside.stderr
    assert "4 tasks, 0 of them from the store" in outside.stderr + outside.stdout
    assert "prepare environment numpy" in inside.stderr + inside.stdout  # an export in a container has its own key
    assert (said_first, said_second) == ("process", "docker")
    assert "isolation: docker, exporters too" in inside.stdout
    assert [cell["outputs"] for cell in first] == [cell["outputs"] for cell in second]
    assert [cell["inputs"] for cell in first] == [cell["inputs"] for cell in second]  # the gate asks for no second run


def test_packages_and_folders_of_a_model_are_there_in_a_container(client: Any, runnable: Tree) -> None:
    runnable.write("deploymatrix.toml", 'shipped = false\nexporters = "docker"\n')
    runnable.write("models/linear/requirements.in", "einops==0.8.2\n")
    runnable.write("src/parts.py", "PLACE = __file__\n")
    runnable.change("models/linear/model.toml", "seed = 1", 'seed = 1\npythonpath = ["../../src"]')
    runnable.append("models/linear/model.py", "\nimport einops, parts\nprint('FOUND', parts.PLACE, einops.__file__)\n")

    locked, done = runnable.run("lock", "linear"), runnable.run(*RUN)

    assert (locked.returncode, done.returncode) == (0, 0), locked.stderr + done.stdout + done.stderr
    logs = "".join(path.read_text() for path in (runnable.build / "logs").rglob("*.txt"))
    packages = (runnable.build / "envs").resolve() / "packages"
    assert f"FOUND {runnable.root}/src/parts.py {packages}/numpy-" in logs
    assert {name for cell in cells(runnable) for name in cell["reads"]} == {"src/parts.py"}


def test_without_containers_nothing_runs(runnable: Tree) -> None:
    done = runnable.run("run", "-t", "npz", "--isolation", "process", "--exporters", "docker")

    assert done.returncode == 4
    assert "--exporters process" in done.stderr
    assert not (runnable.build / "matrix.json").exists()
