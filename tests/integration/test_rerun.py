"""Nothing is done twice: a second run does nothing, a change does again what depends on it, Ctrl-C keeps the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploymatrix.errors import INCOMPLETE, INTERRUPTED
from tests.fakes.tree import Tree

STOP_S = 5.0


def measured(tree: Tree) -> tuple[int, int]:
    """How many exports and runs the last run executed."""
    data = json.loads((tree.build / "measurements.json").read_text(encoding="utf-8"))
    return data["exports"], data["runs"]


def run(tree: Tree, *arguments: str) -> tuple[int, int]:
    done = tree.run("run", "--isolation", "process", *arguments)
    assert done.returncode == 0, done.stderr
    return measured(tree)


def test_a_second_run_executes_nothing_and_gives_the_same_bytes(runnable: Tree) -> None:
    assert run(runnable) == (2, 3)
    matrix = (runnable.build / "matrix.json").read_bytes()
    first = runnable.run("matrix").stdout

    assert run(runnable) == (0, 0)
    assert (runnable.build / "matrix.json").read_bytes() == matrix
    assert runnable.run("matrix").stdout == first


def test_two_folders_give_the_same_bytes(runnable: Tree, make_runnable: Callable[[Path], Tree], tmp_path: Path) -> None:
    other = make_runnable(tmp_path / "another folder")
    for tree in (runnable, other):
        tree.add_model("wrong", "[routes.npz]\noptions = { spoil = 1.01 }")
        tree.add_model("raising", '[routes.npz]\noptions = { fault = "raise" }')
        tree.run("run", "--isolation", "process")

    assert (runnable.build / "matrix.json").read_bytes() == (other.build / "matrix.json").read_bytes()


def touch_runner(tree: Tree) -> None:
    tree.append("targets/npz/run.py", "\nEXTRA = 1\n")


def touch_tolerance(tree: Tree) -> None:
    tree.change("targets/npz/target.toml", "multiple = 12", "multiple = 13")


def touch_comment(tree: Tree) -> None:
    tree.append("pipelines/npz/from_numpy.py", "\n# a comment\n")


def touch_step_without_effect(tree: Tree) -> None:
    tree.append("pipelines/npz/from_numpy.py", "\nEXTRA = 1\n")


def touch_last_step(tree: Tree) -> None:
    tree.append("pipelines/wrapped/pipeline.toml", "options = { spoil = 1.0000001 }\n")


def touch_model(tree: Tree) -> None:
    tree.change("models/linear/model.py", "default_rng(7)", "default_rng(8)")


def add_model(tree: Tree) -> None:
    tree.add_model("another")
    tree.change("models/another/model.py", "default_rng(7)", "default_rng(8)")


def add_twin(tree: Tree) -> None:
    tree.add_model("twin")


@pytest.mark.parametrize(
    ("touch", "executed"),
    [
        (touch_comment, (0, 0)),
        (touch_tolerance, (0, 0)),
        (touch_runner, (0, 1)),
        (touch_step_without_effect, (1, 0)),  # made again, came out the same: nothing behind it is
        (touch_last_step, (1, 1)),
        (touch_model, (2, 3)),
        (add_model, (2, 3)),
        (add_twin, (2, 0)),  # its artifacts are the same, so they were run already
    ],
)
def test_a_change_does_again_what_depends_on_it(
    runnable: Tree, touch: Callable[[Tree], None], executed: tuple[int, int]
) -> None:
    run(runnable)

    touch(runnable)

    assert run(runnable) == executed
    assert run(runnable) == (0, 0)


def test_a_tighter_tolerance_is_judged_without_a_run(runnable: Tree) -> None:
    run(runnable)
    runnable.change("targets/npz/target.toml", "floor = 2e-6, ceiling = 5e-4", "floor = 1e-12, ceiling = 1e-11")

    done = runnable.run("run", "--isolation", "process")

    assert done.returncode == 1
    assert measured(runnable) == (0, 0)
    assert "linear/npz/fp32: reference_failed" in done.stdout
    assert "too ill-conditioned to judge" in done.stdout
    again = runnable.run("repro", "linear/npz/fp32", "--run")
    assert "(the same outcome)" in again.stdout


def test_fresh_takes_nothing_from_the_store(runnable: Tree) -> None:
    run(runnable)

    assert run(runnable, "--fresh") == (2, 3)


def test_a_part_is_enough_for_a_part(runnable: Tree) -> None:
    assert run(runnable, "-t", "npz") == (1, 1)
    assert run(runnable) == (1, 2)


def marked(marker: str) -> list[int]:
    """Processes that have the marker in their environment, and are not zombies."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            dead = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
            if folder.name.isdigit() and not dead and marker.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Poll what other processes do, which nothing here can be told of."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in Linux's /proc")


@contextmanager
def started(tree: Tree, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run under way in a process group of its own, and the marker that all its processes carry."""
    marker = f"DEPLOYMATRIX_TEST={tree.root}"
    name, _, value = marker.partition("=")
    with subprocess.Popen(
        tree.command("run", "--isolation", "process", "--jobs", "4"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**environment, name: value},
        start_new_session=True,
        text=True,
    ) as process:
        yield process, marker


def interrupted(process: subprocess.Popen[str], how: signal.Signals) -> tuple[int, float]:
    """The exit code after a signal to the whole group, as Ctrl-C sends it, and the seconds that it took."""
    begin = time.monotonic()
    os.killpg(process.pid, how)
    code = process.wait(60)
    return code, time.monotonic() - begin


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_everything_and_keeps_what_was_finished(
    runnable: Tree, how: signal.Signals, child_environment: dict[str, str]
) -> None:
    run(runnable, "-m", "linear")
    runnable.add_model("another")
    runnable.add_model("hanging", '[routes.npz]\noptions = { fault = "hang" }')

    with started(runnable, child_environment) as (process, marker):
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("[25/27]"):  # all but the run that hangs, and its comparison
                break
        wait_until(lambda: len(marked(marker)) > 1, 30)
        code, seconds = interrupted(process, how)

    assert code == INTERRUPTED
    assert seconds < STOP_S
    assert marked(marker) == []
    cells = json.loads((runnable.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    missing = [cell["model"] + "/" + cell["target"] for cell in cells if cell["outcome"] != "passed"]
    assert missing == ["hanging/npz"]
    assert runnable.run("gate").returncode == INCOMPLETE
    assert run(runnable, "-t", "plain", "-t", "wrapped") == (0, 0)
    assert run(runnable, "-m", "linear", "-m", "another") == (0, 0)


@needs_proc
def test_an_interrupt_does_not_wait_for_an_import(runnable: Tree, child_environment: dict[str, str]) -> None:
    flag = runnable.root / "importing"
    code = f"import time\nfrom pathlib import Path\n\nPath({str(flag)!r}).touch()\ntime.sleep(600)\n"
    step = runnable.root / "pipelines" / "npz" / "from_numpy.py"
    runnable.write("pipelines/npz/from_numpy.py", code + step.read_text(encoding="utf-8"))

    with started(runnable, child_environment) as (process, marker):
        wait_until(flag.exists, 60)
        exit_code, seconds = interrupted(process, signal.SIGINT)

    assert exit_code == INTERRUPTED
    assert seconds < STOP_S
    assert marked(marker) == []
