"""Progress of thousands of small tasks: a line now and then. That a mutant could not be made is no news."""

from __future__ import annotations

import threading
import time

from deploymatrix.execution.outcomes import Result
from deploymatrix.say import Say

EVERY_S = 15.0


class Counting:
    """Say how many tasks are done. A `Listener`."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._total = self._done = 0
        self._said = time.monotonic()

    def planned(self, total: int, cached: int) -> None:
        self._total, self._done = total, cached
        self._say(f"{total} tasks, {cached} of them from the store")
        self._said = time.monotonic()

    def started(self, id_: str) -> None:
        pass

    def noted(self, id_: str, what: str) -> None:
        self._say(f"{id_}: {what}")

    def finished(self, id_: str, result: Result | None) -> None:
        with self._lock:
            self._done += result is not None
            now = time.monotonic()
            if now - self._said < EVERY_S:
                return
            self._said = now
        self._say(f"[{self._done}/{self._total}] {id_}")
