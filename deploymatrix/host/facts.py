"""The facts about a host that results depend on. Asking for them starts nothing."""

from __future__ import annotations

import platform

from deploymatrix.environments.platforms import machine_of
from deploymatrix.environments.recipes import recipe_digest
from deploymatrix.host.recipes import image_recipe, runtime_recipe
from deploymatrix.project.project import Project
from deploymatrix.project.strict import Isolation
from deploymatrix.project.targets import Target
from deploymatrix.store import digests


class HostFacts:
    """How artifacts are isolated, and what each target's runtime is made of. A target's files are read once.

    `machine`: what they run on, as Python calls it: the engine's where that is another one than this.
    """

    def __init__(self, project: Project, isolation: Isolation, machine: str = "") -> None:
        self.project = project
        self.isolation = isolation
        self.machine = machine or platform.machine()
        self._runtimes: dict[str, str] = {}
        self._images: dict[str, str] = {}

    def runtime_digest(self, target: Target) -> str:
        """Digest what the target's runtime depends on: the machine, and its locks; in a container, the image's recipe,
        base and /tmp."""
        if target.name not in self._runtimes:
            self._runtimes[target.name] = self._digest(target)
        return self._runtimes[target.name]

    def image_digest(self, target: Target) -> str | None:
        """Digest the inputs of the target's image; None outside containers."""
        if self.isolation == "process":
            return None
        if target.name not in self._images:
            self._images[target.name] = recipe_digest(image_recipe(self.project, target))
        return self._images[target.name]

    def is_foreign(self, target: Target) -> bool:
        """Tell whether the target's runtime is built for another machine: then it is emulated, in containers alone."""
        wanted = self.project.runner_of(target).spec.platform
        return wanted is not None and machine_of(wanted) != machine_of(self.machine)

    def _digest(self, target: Target) -> str:
        if self.isolation == "process":
            files = [digests.of_code(path) for path in runtime_recipe(self.project, target).files]
            return digests.of_data([self._machines(target), files])
        tmp = self.project.runner_of(target).spec.tmp
        return digests.of_data([self._machines(target), self.image_digest(target), tmp.model_dump(mode="json")])

    def _machines(self, target: Target) -> list[str]:
        """Name the machine that runs, and the platform that the runtime is built for: locks of two may be alike."""
        return [machine_of(self.machine), self.project.runner_of(target).spec.platform or ""]
