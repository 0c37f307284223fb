"""The guides that add something, followed to the letter: their files written, their commands run, top to bottom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documented import REPOSITORY, blocks

GUIDES = REPOSITORY / "docs" / "guides"


@dataclass(frozen=True)
class Reader:
    """Somebody in a checkout, who does what a guide says. One shell: a `cd` lasts."""

    checkout: Path
    envs: Path

    @property
    def project(self) -> Path:
        return self.checkout / "try"

    def follow(self, guide: str) -> str:
        """Everything that the commands print. Raises CalledProcessError for the first that does not exit with 0."""
        printed = ""
        for block in blocks(GUIDES / guide):
            if block.file is not None:
                self.write(block.file, block.text)
            elif block.language == "sh":
                printed += self.run(block.text)
        return printed

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, script: str) -> str:
        folder = self.project if self.project.exists() else self.checkout
        path = f"{self.checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "160"}
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        build = self.project / "build"
        if not build.exists():  # the session's environments, which are made once
            build.mkdir()
            (build / "envs").symlink_to(self.envs)
        return done.stdout

    def cells(self) -> dict[str, str]:
        cells = json.loads((self.project / "build" / "matrix.json").read_text())["cells"]
        return {f"{cell['model']}/{cell['target']}": cell["outcome"] for cell in cells}


@pytest.fixture
def reader(tmp_path: Path, environments: Path) -> Reader:
    checkout = tmp_path / "checkout"
    (checkout / "bin").mkdir(parents=True)
    (checkout / "tests").symlink_to(REPOSITORY / "tests")
    shutil.copytree(REPOSITORY / "docker", checkout / "docker")  # a link would be copied as a link, and written to
    command = checkout / "bin" / "deploymatrix"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deploymatrix "$@"\n')
    command.chmod(0o755)
    (checkout / "bin" / "python").symlink_to(sys.executable)
    return Reader(checkout, environments)


def test_use_your_own_samples(reader: Reader) -> None:
    printed = reader.follow("own-samples.md")

    assert set(reader.cells().values()) == {"passed"}
    assert {name.partition("/")[0] for name in reader.cells()} == {"trained", "coded"}
    assert "5 of samples/; expected: outputs left of 5 of 5 samples" in printed


def test_add_a_model(reader: Reader) -> None:
    printed = reader.follow("add-a-model.md")

    assert "narrow/wrapped/fp32" in printed
    assert reader.cells() == {"narrow/npz": "passed", "narrow/plain": "passed", "narrow/wrapped": "passed"}


def test_add_a_target(reader: Reader) -> None:
    reader.follow("add-a-target.md")

    lock = (reader.project / "targets" / "rows" / "requirements.lock").read_text()
    assert "numpy==" in lock and "--hash=sha256:" in lock
    assert reader.cells() == {"linear/rows": "passed"}


def test_add_a_route(reader: Reader) -> None:
    printed = reader.follow("add-a-route.md")

    before, after = printed.index("numpy → npz → wrapped"), printed.index("numpy → wrapped")
    assert before < after
    assert reader.cells() == {"linear/wrapped": "passed"}


def test_add_a_runner(reader: Reader) -> None:
    printed = reader.follow("add-a-runner.md")

    assert "compiling" in printed
    assert not (REPOSITORY / "docker" / "compiling").exists()
    assert reader.cells() == {"linear/npz": "passed"}


@pytest.mark.parametrize("guide", ["add-a-model.md", "add-a-target.md", "add-a-route.md", "add-a-runner.md"])
def test_a_guide_leaves_the_repository_as_it_is(guide: str) -> None:
    named = [block.file for block in blocks(GUIDES / guide) if block.file]

    assert len(named) >= 2
    assert not any((REPOSITORY / "tests" / "fakes" / "project" / name).exists() for name in named if "toml" not in name)
