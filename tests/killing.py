"""A run that is killed at some moment, and what it leaves: nobody alive, and a store that the next run goes on with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ALIVE_S = 5.0  # what may still live for so long after the engine
LEFT = ("work/*", "runs/*", "store/*/.*-*", "store/claims/*", ".*.json-*", ".*.lock")

Process = tuple[int, str]  # its number, and when it began


@dataclass(frozen=True)
class Killable:
    """A run: its command, its build folder, and its environment."""

    command: list[str]
    build: Path
    environment: dict[str, str]
    folder: Path

    def forget(self) -> None:
        """Remove all results; environments stay."""
        for path in self.build.iterdir():
            if path.name != "envs":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def begin(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def complete(self) -> bytes:
        """The matrix of a run that nobody disturbs."""
        with self.begin() as process:
            _, told = process.communicate(timeout=600)
            assert process.returncode == 0, told
        assert left(self.build) == []
        return (self.build / "matrix.json").read_bytes()

    def kill_after(self, seconds: float) -> float:
        """Kill a run with SIGKILL; return how long something of it lived on, in seconds."""
        with self.begin() as process:
            assert process.stderr is not None
            time.sleep(seconds)  # the random moment
            process.send_signal(signal.SIGSTOP)  # what it has begun is known then
            begun = descendants(process.pid)
            process.kill()
            began = time.monotonic()
            while any(started(pid) == when for pid, when in begun):
                assert time.monotonic() - began < 60, f"of {begun} some live on"
                time.sleep(0.02)
            return time.monotonic() - began

    def records(self) -> dict[str, tuple[int, bytes]]:
        """Each result in the store: who wrote it once more would leave another file."""
        found = self.build.glob("store/[a-z]*/[!.]*/record.json")
        return {str(path): (path.stat().st_ino, path.read_bytes()) for path in found}


def kill_and_resume(run: Killable, seconds: float, matrix: bytes) -> float:
    """Kill a run that begins with nothing, and let another one end it; return how long something lived on."""
    run.forget()
    lived_s = run.kill_after(seconds)
    kept = run.records()

    assert run.complete() == matrix
    now = run.records()
    assert {path: now.get(path) for path in kept} == kept, "something was done twice"
    return lived_s


def left(build: Path) -> list[str]:
    """What a run has left that is no result."""
    return sorted(str(path.relative_to(build)) for pattern in LEFT for path in build.glob(pattern))


def descendants(pid: int) -> set[Process]:
    """The processes that a process has begun, and those that they have."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = stat(int(folder.name))
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = set(), [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        waiting += children
        found |= {(child, when) for child in children if (when := started(child))}
    return found


def started(pid: int) -> str | None:
    """When a process began; None for one that has ended."""
    fields = stat(pid)
    return None if not fields or fields[0] == "Z" else fields[19]


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; see man 5 proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def is_linux() -> bool:
    return os.path.exists("/proc/self/stat")
