"""The files of a target's runner module: itself, and what it may load or start from beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.project.project import Project
    from deploymatrix.project.targets import Target

ASIDE = "lookups"  # it looks at artifacts, and no run loads it


def code_of_runner(project: Project, target: Target) -> str:
    """Return the digest of what these files do."""
    module = project.run_module(target)
    beside = {path for path in module.parent.glob(f"*{module.suffix}") if path.stem != ASIDE} - {module}
    if not beside:
        return digests.of_code(module)
    return digests.of_data({path.name: digests.of_code(path) for path in (module, *sorted(beside))})
