"""What execution needs of a host: something that prepares places, does work there, and stops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from deploymatrix.host.messages import MOST_FILES, Place, TaskName, Work

if TYPE_CHECKING:
    from deploymatrix.environments.recipes import PackagesRecipe


class Pool(Protocol):
    """Workers by place. Thread-safe; the local host's is `workshop.py`."""

    def prepare(self, place: Place) -> None:
        """Make what a worker needs to start at `place`. Raise EnvironmentFailed where that is not possible."""
        ...

    def work(
        self,
        place: Place,
        task: TaskName,
        *,
        module: Path,
        args: dict[str, Any],
        timeout_s: float,
        memory_mb: int,
        most_bytes: int,
        most_files: int = MOST_FILES,
        packages: PackagesRecipe | None = None,
    ) -> Work:
        """Let the worker of `place` do one task and wait for it.

        `timeout_s`: seconds of wall time. `memory_mb`: MiB resident. `most_bytes`, `most_files`: that it may send.
        `packages`: made first, if they are not there.
        A fault of the task is in the reply.
        Raise WorkerClosed after `close_all`, EnvironmentFailed where no worker can start.
        """
        ...

    def close(self, place: Place) -> None:
        """Stop the worker of `place`, if it runs."""
        ...

    def close_all(self) -> None:
        """Stop every worker and start none any more."""
        ...
