"""Turns in a worker: many requests at once, or one alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """The turns of one worker: many requests share it, or one has it alone. Those that must be alone go first."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.under_way = 0
        self.waiting_alone = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait until nobody is or wants to be alone, then use the worker beside others."""
        with self.changed:
            self.changed.wait_for(lambda: self.waiting_alone == 0)
            self.under_way += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody uses the worker, then have it alone."""
        with self.changed:
            self.waiting_alone += 1  # holds newcomers off until this one is done
            self.changed.wait_for(lambda: self.under_way == 0)
            self.under_way += 1
        try:
            yield
        finally:
            with self.changed:
                self.waiting_alone -= 1
            self._leave()

    def _leave(self) -> None:
        with self.changed:
            self.under_way -= 1
            self.changed.notify_all()
