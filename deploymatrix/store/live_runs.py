"""Which runs are in progress in a build folder. A run locks its own file: a dead one cannot seem alive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploymatrix.store.locks import Lock, is_held
from deploymatrix.store.sweeping import sweep


@contextmanager
def announced(build: Path, run_id: str) -> Iterator[None]:
    """Announce a run as in progress while the context lasts; sweep before what dead runs have left."""
    path = build / "runs" / f"{run_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path)
    lock.acquire()
    try:
        sweep(build, live_runs(build))
        yield
    finally:
        lock.release()


def live_runs(build: Path) -> dict[str, float]:
    """Return when each run in progress began (seconds since the epoch), by its id; remove the locks of dead ones."""
    starts = {}
    for path in (build / "runs").glob("*.lock"):
        try:
            started = path.stat().st_mtime
        except FileNotFoundError:  # that run has just ended
            continue
        if is_held(path):
            starts[path.stem] = started
    return starts


def oldest_start(build: Path) -> float:
    """Return when the oldest run in progress began (seconds since the epoch); now when there is none."""
    return min(live_runs(build).values(), default=time.time())
