"""A target whose runtime runs on one system alone: on others its artifacts are made, not run, and never green."""

from __future__ import annotations

import json

import pytest

from tests.fakes.tree import Tree


@pytest.mark.parametrize("isolation", ["process", "docker"])
def test_what_runs_elsewhere_alone_is_exported_and_never_green(isolation: str, runnable: Tree) -> None:
    runnable.change("targets/npz/target.toml", 'tags = ["fake"]', 'tags = ["fake"]\nsystem = "macOS"')

    done = runnable.run("run", "-t", "npz", "-m", "linear", "--isolation", isolation)

    (cell,) = json.loads((runnable.build / "matrix.json").read_text())["cells"]
    assert (cell["outcome"], cell["stage"], cell["detail"]) == ("exported", "load", "exported, not run: macOS")
    assert (cell["verdict"], bool(cell["artifact"])) == ("expected", True)
    assert "none red; 0 of 1 cell passed, 1 failed as expected, 1 of these exported, not run" in done.stdout
    assert "export linear" in done.stderr
    assert "runner npz" not in done.stderr  # nothing was made to run it in
    assert runnable.run("gate", "-t", "npz", "-m", "linear").returncode == 0


def test_a_result_in_the_store_does_not_stand_for_a_run_that_cannot_be_done_here(runnable: Tree) -> None:
    assert runnable.run("run", "-t", "npz", "-m", "linear", "--isolation", "process").returncode == 0
    runnable.change("targets/npz/target.toml", 'tags = ["fake"]', 'tags = ["fake"]\nsystem = "macOS"')

    runnable.run("run", "-t", "npz", "-m", "linear", "--isolation", "process")

    (cell,) = json.loads((runnable.build / "matrix.json").read_text())["cells"]
    assert (cell["outcome"], cell["verdict"]) == ("exported", "expected")


def test_on_its_own_system_it_is_run(runnable: Tree) -> None:
    runnable.change("targets/npz/target.toml", 'tags = ["fake"]', 'tags = ["fake"]\nsystem = "Linux"')

    done = runnable.run("run", "-t", "npz", "-m", "linear", "--isolation", "process")

    (cell,) = json.loads((runnable.build / "matrix.json").read_text())["cells"]
    assert (done.returncode, cell["outcome"], cell["verdict"]) == (0, "passed", "ok")
