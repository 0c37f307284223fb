"""Ends what a server started, once the task that started the server is over: python keeper.py <mark>

It waits for the end of its stdin, whose other end the task alone holds and which no way of dying leaves open. A server
may start processes in sessions of their own, which the task's end by its group does not reach; a container's does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def main(mark: str) -> None:
    sys.stdin.buffer.read()
    while left := list(marked(mark)):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def marked(mark: str) -> Iterator[int]:
    """The processes in whose environment the mark stands; a zombie has none."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # ended meanwhile, or another user's
                if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)


if __name__ == "__main__":
    main(sys.argv[1])
