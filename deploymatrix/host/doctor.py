"""What `doctor` looks at: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Any

from deploymatrix.project.project import Project
from deploymatrix.say import Say

LEAST_DISK_GB = 25


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `needed`: without it nothing works."""

    name: str
    found: bool
    needed: bool
    what: str
    remedy: str = ""


def examine(project: Project) -> list[Finding]:
    """Look at the machine and the project; nothing is changed."""
    return [
        _python(),
        _uv(),
        _engine(),
        _image_notes(),
        _base_images(),
        _disk(project),
        _memory(),
        _project_files(project),
        *_model_packages(project),
    ]


def print_findings(findings: list[Finding], say: Say) -> None:
    """Print one line for each finding, and the remedy where something is missing."""
    for finding in findings:
        state = "ok     " if finding.found else ("MISSING" if finding.needed else "absent ")
        say(f"{state} {finding.name}: {finding.what}")
        if not finding.found and finding.remedy:
            say(f"        → {finding.remedy}")


def _python() -> Finding:
    version = platform.python_version()
    found = sys.version_info >= (3, 11)
    return Finding(name="python", found=found, needed=True, what=version, remedy="install Python 3.11 or newer")


def _uv() -> Finding:
    import uv

    try:
        path = uv.find_uv_bin()
    except FileNotFoundError as error:
        return Finding(name="uv", found=False, needed=True, what=str(error), remedy="pip install uv")
    return Finding(name="uv", found=True, needed=True, what=str(path))


def _engine() -> Finding:
    from deploymatrix.environments.engine import complaint, engine, missing_limits

    client = engine()
    if client is None:
        remedy = (
            f"{complaint()}. Install and start Docker Engine or Podman (docs/guides/container-engines.md); until then "
            "artifacts run in processes, and the matrix says so"
        )
        return Finding(name="container engine", found=False, needed=False, what="no answer", remedy=remedy)
    missing = missing_limits(client)
    what = engine_name(client.version()) + (f"; it cannot limit {', '.join(missing)}" if missing else "")
    remedy = "a rootless engine needs cgroup v2 and its controllers delegated: docs/guides/container-engines.md"
    return Finding(name="container engine", found=not missing, needed=False, what=what, remedy=remedy)


def engine_name(version: dict[str, Any]) -> str:
    """Return an engine's name and version from its answer: Podman Engine 4.3.1."""
    components: list[dict[str, Any]] = version.get("Components") or [{}]
    return f"{components[0].get('Name', 'Engine')} {version['Version']}"


def _image_notes() -> Finding:
    from deploymatrix.environments.image_notes import state_folder, usable

    folder = state_folder()
    remedy = f"make {folder} writable for you alone: until then each project notes its images in its own build folder"
    return Finding(
        name="image notes",
        found=usable(folder),
        needed=False,
        what=f"{folder}: which images were built here",
        remedy=remedy,
    )


def _base_images() -> Finding:
    path = shutil.which("mmdebstrap")
    return Finding(
        name="mmdebstrap",
        found=path is not None,
        needed=False,
        what=path or "not on PATH",
        remedy="only needed where no container registry can be reached: apt-get install mmdebstrap",
    )


def _disk(project: Project) -> Finding:
    folder = next(p for p in (project.build, *project.build.parents) if p.exists())
    free = shutil.disk_usage(folder).free / 1e9
    remedy = f"free at least {LEAST_DISK_GB} GB: environments and images of all targets take that much"
    return Finding(name="disk", found=free > LEAST_DISK_GB, needed=False, what=f"{free:.0f} GB free", remedy=remedy)


def _memory() -> Finding:
    from deploymatrix.host.machine import memory_budget_mb

    what = f"{os.cpu_count()} cores; tasks may use {memory_budget_mb() / 1024:.0f} GiB"
    return Finding(name="machine", found=True, needed=False, what=what)


def _model_packages(project: Project) -> list[Finding]:
    """Look at the locks of models that bring packages of their own; nothing where none does."""
    from deploymatrix.environments.locking import staleness
    from deploymatrix.host.model_locks import lock_sources

    sources = lock_sources(project, project.models.values())
    complaints = [said for source in sources if (said := staleness(source))]
    what = "; ".join(complaints) or f"the locks of {', '.join(source.name for source in sources)} are fresh"
    finding = Finding(
        name="models' packages",
        found=not complaints,
        needed=True,
        what=what,
        remedy="make them: deploymatrix lock MODEL",
    )
    return [finding] if sources else []


def _project_files(project: Project) -> Finding:
    counts = f"{len(project.models)} models, {len(project.pipelines)} formats, {len(project.targets)} targets"
    found = bool(project.models and project.targets)
    return Finding(
        name="project",
        found=found,
        needed=True,
        what=f"{project.root}: {counts}",
        remedy="name its folder with --root",
    )
