"""Commands that end with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments import tying
from deploymatrix.environments.tying import tied

STARTS = "import subprocess, sys; from deploymatrix.environments.tying import tied; subprocess.run(tied(sys.argv[1:]))"
BOTH_SLEEP = "sleep 60 & echo $! >> {file}; echo $$ >> {file}; echo done >> {file}; wait"


def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(tied(command), input=stdin, capture_output=True, text=True)


def test_a_command_reads_prints_and_ends_as_it_does_alone() -> None:
    done = run("sh", "-c", "read word; echo $word; echo wrong >&2; exit 3", stdin="hello\n")

    assert (done.returncode, done.stdout, done.stderr) == (3, "hello\n", "wrong\n")


def test_a_command_that_a_signal_ended_fails() -> None:
    assert run("sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells it, and only Linux's does (prctl)")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_command_started_ends_with_the_engine(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "started"
    starter = subprocess.Popen([sys.executable, "-c", STARTS, "sh", "-c", BOTH_SLEEP.format(file=file)])
    wait_for(lambda: file.is_file() and "done" in file.read_text())
    pids = [int(line) for line in file.read_text().split()[:2]]

    starter.send_signal(number)
    starter.wait()

    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_nothing_starts_for_an_engine_that_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, tying.__file__, "1", "touch", str(tmp_path / "made")]

    assert subprocess.run(command).returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "made").exists()


def wait_for(true: Callable[[], bool], within_s: float = 5.0) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process is there and is no zombie, which waits for its parent only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
