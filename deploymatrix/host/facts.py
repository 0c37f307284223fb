"""The two facts about a host that results depend on. Asking for them starts nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deploymatrix.project.project import Project, Target
from deploymatrix.project.specs import Isolation
from deploymatrix.store import digests


@dataclass(frozen=True)
class HostFacts:
    """How artifacts are isolated, and what each target's runtime is made of."""

    project: Project
    isolation: Isolation
    _digests: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # thousands of cells ask

    def runtime_digest(self, target: Target) -> str:
        """Digest what the target's runtime depends on: its lock; in a container, the image's recipe and base."""
        if target.name not in self._digests:
            self._digests[target.name] = self._digest(target)
        return self._digests[target.name]

    def image_digest(self, target: Target) -> str | None:
        """Digest the inputs of the target's image; None outside containers."""
        return self.runtime_digest(target) if self.isolation == "docker" else None

    def _digest(self, target: Target) -> str:
        if self.isolation == "process":
            locks = [self.project.runtime_lock(target)]
            if target.spec.runner == "node":
                locks.append(self._node_lock())
            return digests.of_data([digests.of_code(lock) for lock in locks])
        from deploymatrix.environments.images import recipe_digest

        return recipe_digest(self.project.docker, target.spec.runner, self.project.runtime_lock(target))

    def _node_lock(self) -> Path:
        return self.project.runners["node"] / "requirements.lock"
