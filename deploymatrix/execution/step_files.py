"""The files of a step, or of what evaluates a format: a module, and what it may load from beside it."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.project.project import Project
    from deploymatrix.project.routes import Step

ASIDE = ("evaluate.py", "noise.py")  # they look at artifacts, and no step loads them
NAME = re.compile(r"""["'](\w+)(?:\.py)?["']|^\s*(?:from|import)\s+(\w+)""", re.MULTILINE)
ELSEWHERE = re.compile(r"""["']((?:\.\./)+(?:\w+/)?\w+\.py)["']""")


def module_of(project: Project, step: Step) -> Path:
    """Return what is run for a step."""
    return step.module or project.step_module(step.format, step.source)


def step_files(project: Project, step: Step) -> list[Path]:
    """Return a step's module and those that it may load."""
    return files_of(module_of(project, step))


def code_of_step(project: Project, step: Step) -> str:
    """Return the digest of what these files do."""
    return _code_of(step_files(project, step))


def code_of_evaluator(project: Project, format_: str) -> str:
    """Return the digest of what evaluates a format's artifacts in exact arithmetic."""
    return _code_of(files_of(project.evaluator(format_)))


def files_of(module: Path) -> list[Path]:
    """Return a module, those that it may load from its folder, and those that it names of other folders, with theirs.

    Such a name is one as "../savedmodel/evaluate_graph.py".
    """
    text = module.read_text(encoding="utf-8", errors="replace")
    elsewhere = (Path(os.path.normpath(module.parent / name)) for name in ELSEWHERE.findall(text))
    further = (path for file in elsewhere if file.is_file() for path in files_of(file))
    return list(dict.fromkeys([*with_neighbours(module), *further]))


def with_neighbours(module: Path) -> list[Path]:
    """Return a module and the others of its folder, but for those that only others name: steps, or those ASIDE.

    A name is a word in quotes, or one that is imported. What nobody names counts for all: it may be loaded by a name
    that is put together.
    """
    files = set(module.parent.glob("*.py"))
    roots = {path for path in files if path.name.startswith("from_") or path.name in ASIDE}
    own = _named_from(module, files - roots)
    others = {path for root in roots - {module} for path in _named_from(root, files - roots)}
    return [module, *sorted(path for path in files - roots if path in own or path not in others)]


def _named_from(module: Path, neighbours: set[Path]) -> set[Path]:
    """Return the neighbours that a module names, those that these name, and so on."""
    found: set[Path] = set()
    new = {module}
    while new:
        names = {name for path in new for name in _names(path, path.stat().st_mtime_ns, path.stat().st_size)}
        new = {path for path in neighbours - found if path.stem in names}
        found |= new
    return found


@functools.lru_cache(maxsize=1024)
def _names(path: Path, _mtime_ns: int, _size: int) -> frozenset[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return frozenset(quoted or imported for quoted, imported in NAME.findall(text))


def _code_of(files: list[Path]) -> str:
    return digests.of_data([digests.of_code(path) for path in files])
