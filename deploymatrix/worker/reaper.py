"""A tiny process that outlives the server just long enough to kill the children it leaves behind.

The children lead sessions of their own, so a SIGKILL to the server's group does not reach them.
`prctl(PR_SET_PDEATHSIG)` would do for the children, but on Linux only and not for their descendants.

It also watches the host's end of the channel: a server that imports a framework does not, for seconds, and the host may
have been killed meanwhile. Such a server gets a moment to end by itself.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import NoReturn

ENDING_S = 1.0  # between the end of the channel and the server's own
ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Reaper:
    """The writing end of a pipe. When it closes, the process at the other end kills the watched groups."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def start(cls, closing: list[int], channel: int) -> Reaper:
        """Fork the reaper; `closing` are the server's descriptors that it must not hold open.

        channel: what the server reads the host's commands from. The reaper only looks whether it has ended.
        """
        read, write = os.pipe()
        if not hasattr(os, "fork"):  # children then end with the channel only, not with a killed server
            return cls(write)
        server = os.getpid()
        if os.fork() == 0:
            for fd in [*closing, write]:
                os.close(fd)
            outlive(server, read, channel)
        os.close(read)
        return cls(write)

    def watch(self, group: int) -> None:
        os.write(self.fd, b"+%d\n" % group)

    def forget(self, group: int) -> None:
        os.write(self.fd, b"-%d\n" % group)


def outlive(server: int, read: int, channel: int) -> NoReturn:
    """Wait for the server's end, or bring it about once the host has gone; then kill the groups that it left."""
    try:
        os.setsid()
        groups = Groups()
        poll = select.poll()
        poll.register(read, select.POLLIN)
        poll.register(channel, 0)  # only whether it has ended: what can be read is the server's
        due: float | None = None
        while not groups.are_left:
            events = dict(poll.poll(None if due is None else max(0.0, due - time.monotonic()) * 1000))
            if read in events:
                groups.feed(os.read(read, 1 << 16))
            if events.get(channel, 0) & ENDED:
                poll.unregister(channel)
                due = time.monotonic() + ENDING_S
            if due is not None and time.monotonic() >= due and os.getppid() == server:
                os.kill(server, signal.SIGKILL)  # which closes the pipe
                due = None
        kill_groups(groups.watched)
    finally:
        os._exit(0)


class Groups:
    """The groups that are to be killed, as the server tells them through the pipe."""

    def __init__(self) -> None:
        self.watched: set[int] = set()
        self.are_left = False  # the server has ended
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what the pipe gave; nothing means that the server has ended."""
        self.are_left = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            change = self.watched.add if line[:1] == b"+" else self.watched.discard
            change(int(line[1:]))


def kill_groups(groups: set[int]) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
