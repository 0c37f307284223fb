"""What the workshop starts workers with, and what starts those of targets: in processes or in containers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from deploymatrix.host.channel import Channel
from deploymatrix.project.project import Project
from deploymatrix.project.targets import Target
from deploymatrix.say import Say

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a run's workers are started with. client: of the engine, where one is to be used. jobs: tasks at once."""

    project: Project
    client: DockerClient | None
    run_id: str
    jobs: int
    say: Say

    @property
    def envs(self) -> Path:
        return self.project.build / "envs"


class Launcher(Protocol):
    """Prepares targets and starts their workers, in one kind of isolation. Thread-safe."""

    def prepare(self, target: Target) -> None:
        """Make the environment or image, so that a worker can start there. Raise EnvironmentFailed."""
        ...

    def start(self, target: Target, folder: Path, log: Path) -> Channel:
        """Start the target's worker. folder: its own, for what its tasks are given. log: for what it says by itself."""
        ...
