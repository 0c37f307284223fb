"""Processes that stay when their task is over, and what they do to those that come after it."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs, tried, wrong

LIBC = ctypes.CDLL(None, use_errno=True)
STAY_S = 25.0
NAME_IT = 15  # PR_SET_NAME


def staying(act: Callable[[], object]) -> None:
    """Leave a process behind, by two forks and a session of its own. It does `act` while it lives.

    Once its task has been over for a second it bears a name that honest neighbours look for: by then it must be dead.
    """
    task = os.getpid()
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    until, over = time.monotonic() + STAY_S, 0.0
    while time.monotonic() < until:
        tried(act)
        if not os.path.exists(f"/proc/{task}"):
            over = over or time.monotonic()
            if time.monotonic() > over + 1:
                LIBC.prctl(NAME_IT, b"survivor", 0, 0, 0)
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)


@hostile("a process that stays", outcomes=HARMLESS)
def stays(attack: Attack, outputs: Outputs) -> Outputs:
    staying(lambda: None)
    return outputs


@hostile("a process that stays and forks on, so that no list of processes is ever whole", outcomes=HARMLESS)
def stays_and_forks(attack: Attack, outputs: Outputs) -> Outputs:
    def move() -> None:
        if os.fork():
            os._exit(0)

    staying(move)
    return outputs


@hostile("a process that stays and overwrites the answers of later tasks", outcomes=HARMLESS, processes=False)
def stays_and_overwrites(attack: Attack, outputs: Outputs) -> Outputs:
    import numpy as np

    around = attack.folder.parent

    def overwrite() -> None:
        for path in around.glob("*/out/**/*.npy"):
            if attack.folder not in path.parents:
                tried(lambda path=path: np.save(path, wrong({"y": np.load(path)})["y"]))  # type: ignore[misc]

    staying(overwrite)
    return outputs


@hostile("a process that stays and links later tasks' files to the host", outcomes=HARMLESS, processes=False)
def stays_and_links(attack: Attack, outputs: Outputs) -> Outputs:
    around = attack.folder.parent

    def replace() -> None:
        for path in around.glob("*/log.txt"):
            if attack.folder not in path.parents and not path.is_symlink():
                tried(lambda path=path: (path.unlink(), path.symlink_to(attack.aim["secret"])))  # type: ignore[misc]

    staying(replace)
    return outputs


@hostile("a process that stays and signals whatever comes", outcomes=HARMLESS, processes=False)
def stays_and_kills(attack: Attack, outputs: Outputs) -> Outputs:
    server, own = os.getppid(), os.getsid(0)

    def kill() -> None:
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in (server, 1, os.getpid()) and is_childs(int(name), server, own):
                tried(lambda name=name: os.kill(int(name), signal.SIGKILL))  # type: ignore[misc]

    staying(kill)
    return outputs


def is_childs(pid: int, server: int, own: int) -> bool:
    """Whether a process is another child of the same server: only those are aimed at."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[1]) == server and int(fields[3]) != own


@hostile("a process that stays and holds the task's pipes open", outcomes=HARMLESS)
def stays_with_pipes(attack: Attack, outputs: Outputs) -> Outputs:
    staying(lambda: os.write(1, b"still here\n"))
    return outputs


@hostile("a process that stays and writes on the host", outcomes=HARMLESS)
def stays_and_writes(attack: Attack, outputs: Outputs) -> Outputs:
    staying(lambda: Path(attack.aim["write"], "survivor").write_text("x"))
    return outputs
