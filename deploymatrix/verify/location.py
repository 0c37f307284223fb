"""Find an artifact's format by the patterns in pipelines/<format>/pipeline.toml, and the target that runs it."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.names import pick
from deploymatrix.project.project import Project
from deploymatrix.project.targets import Target


def locate(project: Project, path: Path, target: str | None) -> tuple[Path, Target]:
    """Return the file or folder that the runtime loads, and the named target, or else the one that the path implies.

    Raise ConfigurationError when artifact or target does not exist, or when the path implies no target.
    """
    if not _is_utf8(path):
        raise ConfigurationError(f"{path}: this path is not UTF-8, and no record could name it; rename it")
    if not path.exists():
        raise ConfigurationError(f"{path}: there is no such artifact")
    if target is not None:
        chosen = next(iter(pick("target", [target], project.targets).values()))
        patterns = project.pipelines[chosen.spec.format].artifacts
        found = next((entry for pattern in patterns if (entry := _entry(path, pattern))), path)
        return found.resolve(), chosen
    for format_, pipeline in project.pipelines.items():
        for pattern in pipeline.artifacts:
            entry = _entry(path, pattern)
            takers = [t for t in project.targets.values() if t.spec.format == format_]
            if entry and takers:
                return entry.resolve(), min(takers, key=lambda t: (t.name != format_, t.name))
    raise ConfigurationError(
        f"{path}: its name does not tell which target runs it; name one of {', '.join(project.targets)}"
    )


def _is_utf8(path: Path) -> bool:
    try:
        str(path.resolve()).encode()
    except UnicodeEncodeError:
        return False
    return True


def _entry(path: Path, pattern: str) -> Path | None:
    """Return what the runtime loads if `pattern` fits: the file, or for "*/file" the folder that holds the file."""
    inside = pattern.removeprefix("*/")
    if inside == pattern:
        return path if fnmatch.fnmatch(path.name, pattern) else None
    if path.is_dir():
        return path if (path / inside).is_file() else None
    return path.parent if path.name == inside else None
