"""What runs leave that were killed: working folders, half of a result, half of a file, locks. The next run removes it.

Names tell no owner. But whatever is older than every run in progress belongs to none of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from deploymatrix.store.locks import is_held

# Folders that the store and its users fill, or have taken out of the way, before they rename or remove them.
UNFINISHED = (".new-", ".old-", ".draw-", ".foreign-", ".mutant-")


def sweep(build: Path, live: Mapping[str, float]) -> None:
    """Remove what no run in progress needs. live: when each of them began, by its id."""
    for folder in (build / "work").glob("*"):
        if folder.name not in live:
            shutil.rmtree(folder, ignore_errors=True)
    since = min(live.values(), default=float("inf"))
    for path in _unfinished(build):
        if _is_older(path, since):
            _remove(path)
    for lock in chain(build.glob(".*.lock"), (build / "store" / "claims").glob("*.lock")):
        is_held(lock)  # removes the file of one that nobody holds


def _unfinished(build: Path) -> Iterator[Path]:
    yield from build.glob(".*.json-*")
    for kind in (build / "store").glob("*/"):
        yield from (path for path in kind.glob(".*-*") if path.name.startswith(UNFINISHED))


def _is_older(path: Path, since: float) -> bool:
    try:
        return path.stat().st_mtime < since
    except FileNotFoundError:  # another run sweeps as well
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
