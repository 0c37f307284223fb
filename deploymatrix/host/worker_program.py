"""The worker program that ships with the engine."""

from __future__ import annotations

import functools
from pathlib import Path

from deploymatrix.store import digests

WORKER = Path(__file__).parents[1] / "worker"


@functools.cache
def worker_digest(suffix: str) -> str:
    """Digest of the worker's code in one language."""
    files = sorted(WORKER.glob(f"*{suffix}"))
    return digests.of_data([digests.of_code(path) for path in files])
