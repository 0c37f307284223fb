"""Somebody who does what a page says: writes its files, runs its commands, from top to bottom."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.documented import Block


@dataclass(frozen=True)
class Reader:
    """One shell, in `folder` until the page has made `project`, into which it then goes: a `cd` lasts.

    envs: the environments that the project uses, made once for many tests.
    """

    folder: Path
    project: Path
    envs: Path
    variables: Mapping[str, str]
    timeout_s: float = 300

    def follow(self, blocks: Iterable[Block]) -> str:
        """Everything that the commands print. Raises AssertionError for the first that does not exit with 0."""
        printed = ""
        for block in blocks:
            if block.file is not None:
                self.write(block.file, block.text)
            elif block.language == "sh":
                done = self.shell(block.text)
                assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
                printed += done.stdout
        return printed

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        folder = self.project if self.project.exists() else self.folder
        command = ["bash", "-euo", "pipefail", "-c", script]
        env, timeout_s = dict(self.variables), self.timeout_s
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s)
        build = self.project / "build"
        if self.project.exists() and not build.exists():
            build.mkdir()
            (build / "envs").symlink_to(self.envs)
        return done

    def matrix(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.project / "build" / "matrix.json").read_text())
        return found

    def cells(self) -> dict[str, dict[str, Any]]:
        """The cells of the last run, by model and target."""
        return {f"{cell['model']}/{cell['target']}": cell for cell in self.matrix()["cells"]}
