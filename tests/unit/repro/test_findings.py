"""A finding's reproducer says "still there" or "gone"; whatever else it does, it broke. Here it is a real process.

Environments are this interpreter's own: a folder of the name that the lock gives, with a link.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments.interpreters import DIGITS
from deploymatrix.environments.lockfile import read_lock
from deploymatrix.errors import GATE_FAILED, OK, USAGE
from deploymatrix.project.findings import read_findings
from deploymatrix.repro.findings import version_of
from tests.fakes.tree import Called, Tree
from tests.runtimes import SHIPPED

TOML = """
title = "The exporter swaps the outputs"
sees = "The outputs come in the other order."
harm = "wrong answers"
environment = "numpy"
package = "numpy"
versions = "2.4.6"
repairs = ["pipelines/npz/from_numpy.py", "pipelines/npz/pipeline.toml"]
"""


@pytest.fixture
def project(tree: Tree) -> Tree:
    """The tiny project; its exporter environment runs this interpreter."""
    lock = tree.root / "pipelines" / "environments" / "numpy.lock"
    python = tree.build / "envs" / f"numpy-{read_lock(lock).digest[:DIGITS]}" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return tree


def add(tree: Tree, name: str, repro: str, toml: str = "") -> None:
    tree.write(f"docs/findings/{name}/finding.toml", TOML + toml)
    tree.write(f"docs/findings/{name}/repro.py", repro)


def test_what_is_still_there_lets_the_command_pass(project: Tree, call: Callable[..., Called]) -> None:
    add(project, "swapped", "print('a library says this first')\nprint('still there: y is x')")

    done = call("findings")

    assert (done.code, done.out) == (OK, "swapped: still there: y is x\n")


def test_what_is_gone_says_which_repair_to_drop(project: Tree, call: Callable[..., Called]) -> None:
    add(project, "swapped", "print('gone: y is y')")
    add(project, "twisted", "print('still there: z')")

    done = call("findings")

    assert done.code == GATE_FAILED
    gone, there = done.out.splitlines()
    assert gone.startswith("swapped: gone with numpy ")
    assert gone.endswith("drop the repair in pipelines/npz/from_numpy.py, pipelines/npz/pipeline.toml (y is y)")
    assert there == "twisted: still there: z"


@pytest.mark.parametrize(
    ("repro", "said"),
    [
        ("print('still there: x')\nraise SystemExit(3)", "repro.py ended with exit code 3"),
        ("raise ValueError('another defect')", "repro.py ended with exit code 1"),
        ("", "repro.py ended with exit code 0 and 0 lines"),
        ("print('gone: x')\nprint('and more')", "its last line is neither"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "repro.py ended with exit code -11"),
    ],
)
def test_anything_else_broke(project: Tree, call: Callable[..., Called], repro: str, said: str) -> None:
    add(project, "swapped", repro)

    done = call("findings", "swapped")

    assert done.code == GATE_FAILED
    assert done.out.startswith("swapped: broke: ") and said in done.out
    assert str(project.build / "logs" / "findings" / "swapped.txt") in done.out


def test_the_log_has_what_the_reproducer_printed_and_raised(project: Tree, call: Callable[..., Called]) -> None:
    add(project, "swapped", "print('converting')\nraise ValueError('another defect')")

    call("findings")

    log = (project.build / "logs" / "findings" / "swapped.txt").read_text(encoding="utf-8")
    assert "converting" in log and "ValueError: another defect" in log


def test_a_reproducer_that_hangs_is_ended_with_its_children(
    project: Tree, call: Callable[..., Called], tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    child = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    repro = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    add(project, "swapped", repro, "timeout_s = 10")

    done = call("findings")

    assert done.code == GATE_FAILED
    assert "repro.py did not end within 10 s; raise timeout_s in finding.toml" in done.out
    assert ends(int(pid.read_text()), within_s=5.0)


def ends(pid: int, within_s: float) -> bool:
    """Tell whether a process that was killed is gone in time: the kernel takes a moment."""
    until = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_make_runs_first_in_the_same_folder(project: Tree, call: Callable[..., Called]) -> None:
    add(project, "swapped", "print('still there:', open('made.txt').read())", 'source = "numpy"')
    project.write("docs/findings/swapped/make.py", "open('made.txt', 'w').write('a file')\nprint('made.txt')")

    assert call("findings").out == "swapped: still there: a file\n"


def test_the_environments_own_variables_are_set_and_the_users_are_not(
    project: Tree, call: Callable[..., Called], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", os.devnull)
    project.write("pipelines/environments/numpy.toml", '[variables]\nBACKEND = "fast"')
    add(project, "swapped", "import os\nprint('still there:', os.environ['BACKEND'], 'PYTHONSTARTUP' in os.environ)")

    assert call("findings").out == "swapped: still there: fast False\n"


def test_an_unknown_finding_is_a_wrong_name(project: Tree, call: Callable[..., Called]) -> None:
    add(project, "swapped", "print('still there: x')")

    done = call("findings", "swaped")

    assert done.code == USAGE and "did you mean 'swapped'?" in done.err


def test_a_project_without_findings_says_so(project: Tree, call: Callable[..., Called]) -> None:
    done = call("findings")

    assert done.code == OK and "there are no findings" in done.out


def test_json_has_the_state_of_each(project: Tree, call: Callable[..., Called]) -> None:
    import json

    add(project, "swapped", "print('still there: x')")

    (shown,) = json.loads(call("findings", "--json").out)

    assert (shown["name"], shown["state"], shown["said"], shown["package"]) == ("swapped", "still there", "x", "numpy")


def test_a_defect_may_be_in_a_package_of_the_target_alone() -> None:
    finding = read_findings(SHIPPED)["litert-js-int64"]

    assert version_of(SHIPPED, finding) == finding.spec.versions
