"""The line between the engine and one started worker, wherever that runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Stage(Protocol):
    """What one task is given to read, and under which paths its worker sees it."""

    @property
    def readable(self) -> Sequence[str]:
        """The worker's paths of what was given so far."""
        ...

    def translate(self, path: Path) -> str:
        """Return the worker's path for one of the host, and give it to the task. Raise ValueError where it cannot."""
        ...


class Channel(Protocol):
    """One started worker process, on the host or in a container."""

    @property
    def shares_disk(self) -> bool:
        """Whether the worker can leave files where the host finds them; otherwise they come over the channel."""
        ...

    @property
    def principals(self) -> dict[str, Any] | None:
        """The user ids and folders that `hello` gives to tasks; None where they run as the worker's user."""
        ...

    def send(self, line: bytes, within_s: float) -> None:
        """Write a line, newline included. Raise OSError or ValueError when the worker has ended.

        Raise TimeoutError when it does not read: a part of a line that is longer than PIPE_BUF may then have been sent.
        """
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield what the worker writes, as it comes, until it ends."""
        ...

    def stage(self) -> AbstractContextManager[Stage]:
        """Give a stage for one task, which lasts as long as the context."""
        ...

    def kill(self) -> None:
        """End the worker and all its children at once. May be called more than once, from any thread."""
        ...

    def cause_of_death(self) -> tuple[str, str]:
        """Return how the worker ended: "out_of_memory", "signaled" or "no_reply", and what happened."""
        ...


@dataclass(frozen=True)
class SamePaths:
    """The stage of a worker that shares the host's disk: it reads what its user may."""

    readable: Sequence[str] = ()

    def translate(self, path: Path) -> str:
        return str(path.absolute())
