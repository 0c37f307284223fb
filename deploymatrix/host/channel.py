"""The line between the engine and one started worker, wherever that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Channel(Protocol):
    """One started worker process, on the host or in a container."""

    def send(self, line: bytes) -> None:
        """Write a line, newline included. Raise OSError or ValueError when the worker has ended."""
        ...

    def lines(self) -> Iterator[bytes]:
        """Yield the worker's lines until it ends."""
        ...

    def translate(self, path: Path) -> str:
        """Return the path under which the worker sees a path of the host."""
        ...

    def kill(self) -> None:
        """End the worker and all its children at once. May be called more than once, from any thread."""
        ...

    def cause_of_death(self) -> tuple[str, str]:
        """Return how the worker ended: "out_of_memory", "signaled" or "no_reply", and what happened."""
        ...
