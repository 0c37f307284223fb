"""What an image is made from decides its name; the stream that the engine gets is the same for the same packages."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from deploymatrix.environments import image_context
from deploymatrix.environments.base_images import base_reference
from deploymatrix.environments.image_context import context
from deploymatrix.environments.images import recipe_digest
from deploymatrix.errors import EnvironmentFailed

ROOT = Path(__file__).parents[3]


@pytest.fixture
def docker_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DEPLOYMATRIX_BASE_PYTHON", raising=False)
    folder = tmp_path / "docker"
    (folder / "python").mkdir(parents=True)
    (folder / "python" / "Dockerfile").write_text("ARG BASE=python:3.11\nFROM ${BASE}\n")
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text("six==1.17.0\n")
    return path


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "site-packages"
    for name in (
        "small/__init__.py",
        "small/__pycache__/__init__.cpython-311.pyc",
        "small/include/small.h",
        "small/ops/include/kept.py",
        "large/weights.bin",
        "_virtualenv.py",
        "single.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "large" / "weights.bin").write_bytes(b"\0" * 5000)
    (folder / "small" / "link.py").symlink_to("__init__.py")
    return folder


def entries(stream: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(stream)) as archive:
        return {entry.name: entry for entry in archive.getmembers()}


def test_the_digest_changes_with_each_input_and_with_nothing_else(
    docker_dir: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
):
    before = recipe_digest(docker_dir, "python", lock)
    os.utime(lock, (0, 0))
    assert recipe_digest(docker_dir, "python", lock) == before

    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")
    other_base = recipe_digest(docker_dir, "python", lock)
    monkeypatch.delenv("DEPLOYMATRIX_BASE_PYTHON")
    lock.write_text("six==1.16.0\n")
    other_lock = recipe_digest(docker_dir, "python", lock)
    (docker_dir / "python" / "Dockerfile").write_text("ARG BASE=python:3.11\nFROM ${BASE}\nUSER 1\n")
    other_dockerfile = recipe_digest(docker_dir, "python", lock)

    assert len({before, other_base, other_lock, other_dockerfile}) == 4


def test_the_user_names_the_base(docker_dir: Path, monkeypatch: pytest.MonkeyPatch):
    assert base_reference(docker_dir, "python") == "python:3.11"

    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")
    assert base_reference(docker_dir, "python") == "mine:1"


def test_a_dockerfile_without_a_base_argument_is_refused(docker_dir: Path):
    (docker_dir / "python" / "Dockerfile").write_text("FROM scratch\n")

    with pytest.raises(EnvironmentFailed, match="ARG BASE"):
        base_reference(docker_dir, "python")


def test_the_context_holds_the_packages_and_leaves_out_what_only_builds_need(
    docker_dir: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(image_context, "LARGE_BYTES", 1000)

    found = entries(b"".join(context(docker_dir / "python" / "Dockerfile", packages)))

    assert {name for name, entry in found.items() if not entry.isdir()} == {
        "Dockerfile",
        "shared/large/weights.bin",
        "packages/single.py",
        "packages/small/__init__.py",
        "packages/small/link.py",
        "packages/small/ops/include/kept.py",
    }
    assert found["packages/small/link.py"].linkname == "__init__.py"
    assert {(entry.uid, entry.gid, entry.mtime) for entry in found.values()} == {(0, 0, 0)}


def test_the_same_packages_give_the_same_bytes(docker_dir: Path, packages: Path):
    dockerfile = docker_dir / "python" / "Dockerfile"
    before = b"".join(context(dockerfile, packages))
    os.utime(packages / "single.py", (0, 0))
    (packages / "small" / "__pycache__" / "more.cpython-311.pyc").write_bytes(b"")

    assert b"".join(context(dockerfile, packages)) == before


def test_both_folders_are_there_even_if_empty(docker_dir: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()

    found = entries(b"".join(context(docker_dir / "python" / "Dockerfile", tmp_path / "empty")))

    assert found["shared"].isdir() and found["packages"].isdir()


@pytest.mark.parametrize("runner", sorted(path.parent.name for path in ROOT.glob("docker/*/Dockerfile")))
def test_a_runner_is_nobody_and_its_base_can_be_chosen(runner: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(f"DEPLOYMATRIX_BASE_{runner.upper()}", raising=False)
    text = (ROOT / "docker" / runner / "Dockerfile").read_text()

    assert base_reference(ROOT / "docker", runner)
    assert "USER 65532:65532" in text
    assert not any(word in text for word in ("curl", "apt-get", "pip install", "npm install"))
