"""The nox sessions of a project of one's own: `from deploymatrix.sessions import define_sessions` in its noxfile.

nox and deploymatrix lie in one environment then, so the sessions need none of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from deploymatrix.project.project import Project
from deploymatrix.project.trees import build_folder, find_root, read_settings, tree_below


def define_sessions() -> None:
    """Define `matrix`, `gate`, and a session for each target, which takes the target's tags."""
    root = find_root(Path.cwd())
    settings = read_settings(root)
    project = Project(
        root=root, build=build_folder(root, settings, None), shipped=tree_below(root, settings), shipped_models=False
    )
    _define("matrix", "Export and verify every model on all targets and print the matrix.", ["run"])
    _define("gate", "Pass only when every planned cell passed or carries a matching expectation.", ["gate"])
    for target in project.targets.values():
        tags = list(target.spec.tags)
        _define(
            target.name,
            f"Export every model to {target.name}, run it there and compare.",
            ["run", "-t", target.name],
            tags,
        )


def _define(name: str, what: str, arguments: list[str], tags: list[str] | None = None) -> None:
    import nox

    @nox.session(name=name, tags=tags, venv_backend="none")
    def session(session: Any) -> None:
        session.run(sys.executable, "-m", "deploymatrix", *arguments, *session.posargs)

    session.__doc__ = what
