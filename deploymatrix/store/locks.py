"""Locks between processes: a file that the kernel frees when its holder ends, however that ends.

A free lock has no file: whoever lets go removes it. One that is there and free is a dead process's.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Lock:
    """A lock that one thread holds, among all threads of all processes on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait: bool = True) -> bool:
        """Take the lock; without `wait`, return False where somebody else has it."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except BaseException:
                os.close(descriptor)
                raise
            if os.fstat(descriptor).st_nlink:
                self._descriptor = descriptor
                return True
            os.close(descriptor)  # its last holder has removed it meanwhile: another file bears the name now

    def release(self) -> None:
        """Remove the file, then let go: whoever waited for it takes the next file of that name."""
        assert self._descriptor is not None, "only a holder lets go"
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock while the context lasts; wait for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Tell whether somebody has the lock; remove the file of one that nobody has."""
    lock = Lock(path)
    if not lock.acquire(wait=False):
        return True
    lock.release()
    return False
