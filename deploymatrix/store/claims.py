"""Claims: of several runs that want one result, one makes it, and the others wait for it.

A claim ends with its holder, so whoever waited for a run that died, or whose result is not kept, makes it itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploymatrix.store.locks import Lock

LOOK_S = 0.05  # how often a waiting run looks whether it is its turn


class ClaimAbandoned(RuntimeError):
    """The run ended while it waited for another one."""


class Claims:
    """The claims on the keys of one store. Thread-safe."""

    def __init__(self, store: Path) -> None:
        self._folder = store / "claims"
        self._ended = threading.Event()

    @contextmanager
    def claimed(self, key: str, wait: Callable[[], None]) -> Iterator[None]:
        """Have the key alone while the context lasts; `wait` is called once if another run has it.

        Raise ClaimAbandoned after `end`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = Lock(self._folder / f"{key}.lock")
        if not lock.acquire(wait=False):
            wait()
            while not lock.acquire(wait=False):
                if self._ended.wait(LOOK_S):
                    raise ClaimAbandoned("the run is over")
        try:
            yield
        finally:
            lock.release()

    def end(self) -> None:
        """Wait for no other run any more."""
        self._ended.set()
