"""The guides that add something, followed to the letter: their files written, their commands run, top to bottom."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.documented import REPOSITORY, blocks
from tests.reader import Reader

GUIDES = REPOSITORY / "docs" / "guides"


def follow(reader: Reader, guide: str) -> str:
    return reader.follow(blocks(GUIDES / guide))


def outcomes(reader: Reader) -> dict[str, str]:
    return {name: cell["outcome"] for name, cell in reader.cells().items()}


@pytest.fixture
def reader(tmp_path: Path, environments: Path) -> Reader:
    """Somebody in a checkout."""
    checkout = tmp_path / "checkout"
    (checkout / "bin").mkdir(parents=True)
    (checkout / "tests").symlink_to(REPOSITORY / "tests")
    shutil.copytree(REPOSITORY / "docker", checkout / "docker")  # a link would be copied as a link, and written to
    command = checkout / "bin" / "deploymatrix"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deploymatrix "$@"\n')
    command.chmod(0o755)
    (checkout / "bin" / "python").symlink_to(sys.executable)
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "160"}
    return Reader(checkout, checkout / "try", environments, env)


def test_use_your_own_samples(reader: Reader) -> None:
    printed = follow(reader, "own-samples.md")

    assert set(outcomes(reader).values()) == {"passed"}
    assert {name.partition("/")[0] for name in outcomes(reader)} == {"trained", "coded"}
    assert "5 of samples/; expected: outputs left of 5 of 5 samples" in printed


def test_add_a_model(reader: Reader) -> None:
    printed = follow(reader, "add-a-model.md")

    assert "narrow/wrapped/fp32" in printed
    assert outcomes(reader) == {"narrow/npz": "passed", "narrow/plain": "passed", "narrow/wrapped": "passed"}


def test_add_a_target(reader: Reader) -> None:
    follow(reader, "add-a-target.md")

    lock = (reader.project / "targets" / "rows" / "requirements.lock").read_text()
    assert "numpy==" in lock and "--hash=sha256:" in lock
    assert outcomes(reader) == {"linear/rows": "passed"}


def test_add_a_route(reader: Reader) -> None:
    printed = follow(reader, "add-a-route.md")

    before, after = printed.index("numpy → npz → wrapped"), printed.index("numpy → wrapped")
    assert before < after
    assert outcomes(reader) == {"linear/wrapped": "passed"}


def test_add_a_runner(reader: Reader) -> None:
    printed = follow(reader, "add-a-runner.md")

    assert "kernels" in printed
    assert not (REPOSITORY / "docker" / "kernels").exists()
    assert outcomes(reader) == {"linear/npz": "passed"}


@pytest.mark.parametrize("guide", ["add-a-model.md", "add-a-target.md", "add-a-route.md", "add-a-runner.md"])
def test_a_guide_leaves_the_repository_as_it_is(guide: str) -> None:
    named = [block.file for block in blocks(GUIDES / guide) if block.file]

    assert len(named) >= 2
    assert not any((REPOSITORY / "tests" / "fakes" / "project" / name).exists() for name in named if "toml" not in name)
