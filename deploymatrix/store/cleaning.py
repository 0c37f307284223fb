"""What `clean` removes from a build folder: stored results and logs.

It may remove results during a run: whatever that run has used since it began stays.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.store.live_runs import oldest_start
from deploymatrix.store.store import Store

RESULTS = ("store", "logs", "work", "report", "costs.json", "last-keys.json", "matrix.json", "measurements.json")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


def clean(build: Path, *, everything: bool) -> Iterator[str]:
    """Remove results and logs, with `everything` the whole build folder; yield a line for each thing.

    Raise ConfigurationError during a run, which would lose its results.
    """
    if oldest_start(build) < time.time() - 1:
        raise ConfigurationError(
            "a run is under way; wait for it, or use --older-than or --max-size, which spare its results"
        )
    names = sorted(p.name for p in build.iterdir()) if build.is_dir() else []
    for name in names:
        if everything or name in RESULTS:
            path = build / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield f"{path}: removed"


def collect(build: Path, *, older_than_s: float | None, max_bytes: int | None) -> Iterator[str]:
    """Remove stored results unused for longer than `older_than_s`, then the longest unused until the rest fits.

    Keep what a present run has used, even if more than `max_bytes` then stays.
    """
    store = Store(build / "store")
    since, now = oldest_start(build), time.time()
    entries = store.entries()
    total, removed, freed = sum(entry.bytes for entry in entries), 0, 0
    for entry in entries:
        too_old = older_than_s is not None and now - entry.used > older_than_s
        too_much = max_bytes is not None and total - freed > max_bytes
        if (too_old or too_much) and store.remove_unused(entry.folder, since):
            removed, freed = removed + 1, freed + entry.bytes
    kept = (total - freed) / 1e6
    yield f"{removed} of {len(entries)} results removed, {freed / 1e6:.1f} MB freed, {kept:.1f} MB kept"


def seconds(text: str) -> float:
    """Return a duration such as 90m, 12h or 7d in seconds. Raise ConfigurationError for another text."""
    return _quantity(text, SECONDS, "--older-than", "a duration such as 90m, 12h or 7d")


def size(text: str) -> int:
    """Return a size such as 500MB or 20GB in bytes. Raise ConfigurationError for another text."""
    return int(_quantity(text, BYTES, "--max-size", "a size such as 500MB or 20GB"))


def _quantity(text: str, units: dict[str, int], option: str, wanted: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", text)
    if match is None or match[2] not in units:
        raise ConfigurationError(f"{option} {text!r}: write {wanted}")
    return float(match[1]) * units[match[2]]
