"""Copies of the tiny project in tests/fakes/project, whose files a test may change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploymatrix.project.project import Project

REPOSITORY = Path(__file__).resolve().parents[2]
FAKES = REPOSITORY / "tests" / "fakes" / "project"


@dataclass(frozen=True)
class Tree:
    """A project's folder that belongs to one test."""

    root: Path

    @property
    def build(self) -> Path:
        return self.root / "build"

    def project(self, *model_folders: Path, timeout_s: float | None = None) -> Project:
        """The project as it is on disk now."""
        return Project(root=self.root, build=self.build, model_folders=model_folders, timeout_s=timeout_s)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project, with the folders on the way."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def append(self, path: str, text: str) -> Path:
        return self.write(path, (self.root / path).read_text(encoding="utf-8") + text)

    def change(self, path: str, old: str, new: str) -> Path:
        """Replace one passage of a file; it must be there exactly once."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        return self.write(path, text.replace(old, new))

    def add_model(self, name: str, toml: str = "", folder: Path | None = None) -> Path:
        """A copy of the model `linear` under another name, with lines added to its model.toml."""
        copy = (folder or self.root / "models") / name
        shutil.copytree(self.root / "models" / "linear", copy)
        text = (copy / "model.toml").read_text(encoding="utf-8")
        (copy / "model.toml").write_text(f"{text}\n{toml}\n", encoding="utf-8")
        return copy

    def change_record(self, change: dict[str, Any]) -> None:
        """Give the first cell of the last run's matrix other figures, as nobody should."""
        path = self.build / "matrix.json"
        matrix = json.loads(path.read_text(encoding="utf-8"))
        matrix["cells"][0].update(change)
        path.write_text(json.dumps(matrix), encoding="utf-8")

    def run(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """The command on this project, in a process of its own."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=environment(),
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "deploymatrix", "--root", str(self.root), *arguments]


@dataclass(frozen=True)
class Called:
    """What a command did."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's environment, in which the engine is importable and prints lines of a known width."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200"}


def copy_fakes(root: Path) -> Tree:
    """The tiny project and the repository's runner images, as a folder of its own."""
    ignored = shutil.ignore_patterns("__pycache__", "build")
    shutil.copytree(FAKES, root, ignore=ignored)
    shutil.copytree(REPOSITORY / "docker", root / "docker", ignore=ignored)
    return Tree(root)
