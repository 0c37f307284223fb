"""Commands that end with the engine, whatever ends it: uv, npm and mmdebstrap would else work on for nobody.

Run as a program, it is what stands between the engine and such a command: `tying.py PID COMMAND…`, where PID is the
engine's. The kernel tells it when the engine is gone, also by SIGKILL (Linux only, prctl(2)); then it ends the whole
process group of the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
GRACE_S = 2.0  # between SIGTERM and SIGKILL


def tied(command: Sequence[str | Path]) -> list[str]:
    """Return the command that does the same, and ends when the thread that started it, or its process, has ended."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *map(str, command)]


def main(parent: int, command: list[str]) -> int:
    """Run the command. Return its exit code, as a shell would where a signal ended it."""
    asked: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def end(number: int, _: object) -> None:
        asked.append(number)
        if process is not None:
            _end_group(process)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the kernel was asked to tell
        return 128 + signal.SIGTERM
    process = subprocess.Popen(command, process_group=0)
    if asked:
        _end_group(process)
    code = process.wait()
    return code if code >= 0 else 128 - code


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
