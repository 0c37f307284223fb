"""What an image is made from decides its name; the stream that the engine gets is the same for the same packages."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from deploymatrix.environments import image_context
from deploymatrix.environments.base_images import ensure_base
from deploymatrix.environments.image_context import context
from deploymatrix.environments.image_notes import notes_of
from deploymatrix.environments.images import check_dockerfile
from deploymatrix.environments.recipes import BaseRecipe, ImageRecipe, RuntimeRecipe, recipe_digest
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.project.runners import Runner
from tests.runtimes import SHIPPED


@pytest.fixture
def docker_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DEPLOYMATRIX_BASE_PYTHON", raising=False)
    folder = tmp_path / "docker"
    (folder / "python").mkdir(parents=True)
    (folder / "python" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    (folder / "base").mkdir()
    (folder / "base" / "make-base.sh").write_text("exit 1\n")
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text("six==1.17.0\n")
    return path


@pytest.fixture
def base(docker_dir: Path, lock: Path) -> BaseRecipe:
    runtime = RuntimeRecipe(name="target-tiny", installer="pip", lock=lock)
    return BaseRecipe(
        runner="python", image="python:3.11", debian=("python3",), folder=docker_dir / "base", runtime=runtime
    )


@pytest.fixture
def recipe(docker_dir: Path, base: BaseRecipe) -> ImageRecipe:
    return ImageRecipe(target="tiny", dockerfile=docker_dir / "python" / "Dockerfile", base=base, runtime=base.runtime)


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
    recipe: ImageRecipe, lock: Path, monkeypatch: pytest.MonkeyPatch
):
    before = recipe_digest(recipe)
    os.utime(lock, (0, 0))
    assert recipe_digest(recipe) == before

    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")
    other_base = recipe_digest(recipe)
    monkeypatch.delenv("DEPLOYMATRIX_BASE_PYTHON")
    declared = recipe_digest(replace(recipe, base=replace(recipe.base, image="python:3.12")))
    lock.write_text("six==1.16.0\n")
    other_lock = recipe_digest(recipe)
    recipe.dockerfile.write_text("ARG BASE\nFROM ${BASE}\nUSER 1\n")
    other_dockerfile = recipe_digest(recipe)

    assert len({before, other_base, declared, other_lock, other_dockerfile}) == 5


def test_the_user_names_the_base(base: BaseRecipe, monkeypatch: pytest.MonkeyPatch):
    assert base.reference == "python:3.11"

    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")
    assert base.reference == "mine:1"


def test_the_variable_of_any_runner_can_be_set_in_a_shell(base: BaseRecipe):
    assert replace(base, runner="web-gpu.2").variable == "DEPLOYMATRIX_BASE_WEB_GPU_2"


def test_a_base_that_is_made_here_is_named_after_what_it_is_made_of(base: BaseRecipe, lock: Path):
    names = [base.made_here, replace(base, debian=("python3", "libgomp1")).made_here]
    names.append(replace(base, runtime=replace(base.runtime, interpreter=lock)).made_here)
    (base.folder / "make-base.sh").write_text("exit 2\n")
    names.append(base.made_here)

    assert len(set(names)) == 4
    assert all(name.startswith("deploymatrix/base-python:") for name in names)


def test_runners_that_start_from_the_same_share_a_base_that_is_made_here(base: BaseRecipe):
    other = replace(base, runner="other")

    assert other.made_here == base.made_here
    assert replace(other, image="mirror.example:5000/library/python@sha256:0").made_here == base.made_here


class EngineWithout:
    """An engine that has no image, and no registry that answers."""

    class images:
        @staticmethod
        def get(reference: str) -> None:
            raise ImageNotFound(reference)

    class api:
        base_url = "http+docker://nowhere"


def test_a_base_that_can_neither_be_pulled_nor_made_is_refused_with_a_remedy(
    base: BaseRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    never = replace(base, runner="rust", debian=())

    with pytest.raises(EnvironmentFailed, match=r"'rust'.*DEPLOYMATRIX_BASE_RUST=.*\[debian\]"):
        ensure_base(EngineWithout(), never, tmp_path / "envs", notes_of(tmp_path), print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("FROM scratch\n", "must start with the lines ARG BASE"), ("ARG BASE=python:3.11\nFROM ${BASE}\n", "runner.toml")],
)
def test_a_dockerfile_starts_from_what_runner_toml_declares(docker_dir: Path, text: str, complaint: str):
    path = docker_dir / "python" / "Dockerfile"
    check_dockerfile(path)
    path.write_text(text)

    with pytest.raises(EnvironmentFailed, match=complaint):
        check_dockerfile(path)


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


def test_the_context_holds_a_packages_headers_where_a_runner_compiles_against_them(docker_dir: Path, packages: Path):
    stream = context(docker_dir / "python" / "Dockerfile", packages, headers=True)

    assert "packages/small/include/small.h" in entries(b"".join(stream))


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


@pytest.mark.parametrize("runner", SHIPPED.runners.values(), ids=lambda runner: runner.name)
def test_a_shipped_runner_is_nobody_and_sets_what_it_sets_outside_of_images(runner: Runner):
    text = runner.dockerfile.read_text()

    check_dockerfile(runner.dockerfile)
    assert "USER 65532:65532" in text
    assert not any(word in text for word in ("curl", "apt-get", "pip install", "npm install"))
    assert [name for name in runner.spec.variables if f"{name}=" not in text] == []
    assert runner.spec.debian is not None
