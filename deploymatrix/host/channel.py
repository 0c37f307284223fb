"""The line between the engine and one started worker, wherever that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Channel(Protocol):
    """One started worker process, on the host or in a container."""

    def send(self, line: bytes) -> None:
        """Writes a line, newline included. Raises OSError or ValueError when the worker has ended."""
        ...

    def lines(self) -> Iterator[bytes]:
        """Lines from the worker; ends when the worker ended."""
        ...

    def translate(self, path: Path) -> str:
        """The worker's name of a path of the host."""
        ...

    def kill(self) -> None:
        """Ends the worker and all its children at once. May be called more than once, from any thread."""
        ...

    def cause_of_death(self) -> tuple[str, str]:
        """Of a worker that ended: "out_of_memory", "signaled" or "no_reply", and what happened."""
        ...
