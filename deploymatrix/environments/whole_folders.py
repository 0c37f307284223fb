"""Folders that are there whole or not at all: environments, and packages laid over them.

Each is built under a temporary name beside its own and renamed when it is complete; one process builds, others wait.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from deploymatrix.say import Say


def ensure_whole(home: Path, proof: Path, what: str, build: Callable[[Path], None], say: Say) -> None:
    """Run `build` on a temporary folder and rename it to `home`, unless `home` is there and `proof` in it works.

    The proof of an environment is a link to an interpreter: it breaks when that interpreter was uninstalled.
    """
    if (home / proof).exists():
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    with _alone(home, what, say):
        if (home / proof).exists():
            return
        _remove_leftovers(home)
        say(f"{what}: being made, once per lock")
        started = time.monotonic()
        temporary = Path(tempfile.mkdtemp(prefix=f".{home.name}.", dir=home.parent))
        try:
            build(temporary / "whole")
            os.replace(temporary / "whole", home)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        say(f"{what}: ready after {time.monotonic() - started:.0f} s")


@contextmanager
def _alone(home: Path, what: str, say: Say) -> Iterator[None]:
    """Hold the lock on `home`; say so if another process has it."""
    lock = FileLock(home.with_name(f".{home.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{what}: another process is making it; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _remove_leftovers(home: Path) -> None:
    """Remove what an interrupted run left: only the holder of the lock builds, so anything that is there is dead."""
    for leftover in home.parent.glob(f".{home.name}.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
    if home.exists():
        shutil.rmtree(home)
