"""A tiny process that outlives the server just long enough to kill the children it leaves behind.

The children lead sessions of their own, so a SIGKILL to the server's group does not reach them.
`prctl(PR_SET_PDEATHSIG)` would do for the children, but on Linux only and not for their descendants.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn


class Reaper:
    """The writing end of a pipe. When it closes, the process at the other end kills the watched groups."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def start(cls, closing: list[int]) -> Reaper:
        """Fork the reaper; `closing` are the server's descriptors that it must not hold open."""
        read, write = os.pipe()
        if not hasattr(os, "fork"):  # children then end with the channel only, not with a killed server
            return cls(write)
        if os.fork() == 0:
            for fd in [*closing, write]:
                os.close(fd)
            outlive(read)
        os.close(read)
        return cls(write)

    def watch(self, group: int) -> None:
        os.write(self.fd, b"+%d\n" % group)

    def forget(self, group: int) -> None:
        os.write(self.fd, b"-%d\n" % group)


def outlive(read: int) -> NoReturn:
    """Wait for the server's end, then kill the groups that it left."""
    try:
        os.setsid()
        kill_groups(watched(read))
    finally:
        os._exit(0)


def watched(read: int) -> set[int]:
    """Return the groups still watched when the server ended."""
    groups: set[int] = set()
    with os.fdopen(read, "rb", buffering=0) as commands:
        for line in commands:
            change = groups.add if line[:1] == b"+" else groups.discard
            change(int(line[1:]))
    return groups


def kill_groups(groups: set[int]) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
