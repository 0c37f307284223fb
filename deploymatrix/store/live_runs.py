"""Which runs are in progress in a build folder. A run locks its own file: a dead one cannot seem alive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def announced(build: Path, run_id: str) -> Iterator[None]:
    """Announce a run as in progress while the context lasts."""
    path = build / "runs" / f"{run_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path):
            yield
    finally:
        path.unlink(missing_ok=True)


def oldest_start(build: Path) -> float:
    """Return when the oldest run in progress began (seconds since the epoch); now when there is none."""
    starts = [time.time()]
    for path in (build / "runs").glob("*.lock"):
        lock = FileLock(path)
        started = path.stat().st_mtime
        try:
            lock.acquire(timeout=0)
        except Timeout:
            starts.append(started)
        else:
            lock.release()
            path.unlink(missing_ok=True)
    return min(starts)
