"""An image is used if it was built here from its lock, whatever the engine has under its name. So is a base."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.base_images import BaseImage, ensure_base, repository
from deploymatrix.environments.image_notes import notes_of
from deploymatrix.environments.images import Image, ensure_image
from deploymatrix.environments.lockfile import read_lock
from deploymatrix.environments.recipes import BaseRecipe, ImageRecipe, RuntimeRecipe, recipe_digest
from deploymatrix.errors import EnvironmentFailed
from tests.fakes.engine import FakeEngine

OFFICIAL = "python:3.11-slim-bookworm"
ORIGIN = f"python@sha256:{'a' * 64}"
MAKE_BASE = 'set -eu\necho "a file system" >"$1"\n'


@pytest.fixture
def engine() -> Any:
    return FakeEngine()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageRecipe:
    """A target with one package, which is installed already."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")  # no registry answers
    monkeypatch.delenv("DEPLOYMATRIX_BASE_PYTHON", raising=False)
    programs = tmp_path / "programs"
    for path, text in {
        "docker/Dockerfile": "ARG BASE\nFROM ${BASE}\n",
        "docker/base/make-base.sh": MAKE_BASE,
        "tiny.lock": f"six==1.17.0 --hash=sha256:{'0' * 64}\n",
        "programs/mmdebstrap": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (programs / "mmdebstrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    lock = tmp_path / "tiny.lock"
    home = tmp_path / "build" / "envs" / f"target-tiny-{read_lock(lock).digest[:12]}"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").write_text("")
    (home / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (home / "lib" / "python3.11" / "site-packages" / "six.py").write_text("")
    runtime = RuntimeRecipe(name="target-tiny", installer="pip", lock=lock)
    base = BaseRecipe(
        runner="python", image=OFFICIAL, debian=("python3",), folder=tmp_path / "docker" / "base", runtime=runtime
    )
    return ImageRecipe(target="tiny", dockerfile=tmp_path / "docker" / "Dockerfile", base=base, runtime=runtime)


@pytest.fixture
def ensure(engine: Any, recipe: ImageRecipe, tmp_path: Path, said: list[str]) -> Callable[..., Image]:
    def image(build: str = "build") -> Image:
        said.clear()
        if build != "build":
            (tmp_path / build).mkdir(exist_ok=True)
            (tmp_path / build / "envs").symlink_to(tmp_path / "build" / "envs")
        return ensure_image(engine, recipe, tmp_path / build, said.append)

    return image


@pytest.fixture
def base(engine: Any, recipe: ImageRecipe, tmp_path: Path, said: list[str]) -> Callable[[], BaseImage]:
    build = tmp_path / "build"
    return lambda: ensure_base(engine, recipe.base, build / "envs", notes_of(build), said.append)


def test_an_image_that_was_built_here_is_not_built_again(engine: FakeEngine, ensure: Callable[..., Image]):
    engine.put(OFFICIAL, "official", ORIGIN)

    first, second = ensure(), ensure()

    assert first == second
    assert len(engine.built) == 1


def test_a_foreign_image_under_the_expected_tag_is_not_used(
    engine: FakeEngine, ensure: Callable[..., Image], said: list[str]
):
    engine.put(OFFICIAL, "official", ORIGIN)
    ours = ensure()
    foreign = engine.put(ours.tag, "foreign")

    found = ensure()

    assert found == ours and found.id != foreign
    assert engine.get(ours.tag).id == ours.id
    assert [line for line in said if foreign[:19] in line and "not used" in line]


def test_an_image_that_nobody_here_noted_is_built_again(
    engine: FakeEngine, ensure: Callable[..., Image], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    engine.put(OFFICIAL, "official", ORIGIN)
    before = ensure("of somebody else")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "my own"))

    assert ensure() == before
    assert len(engine.built) == 2


def test_a_second_clone_uses_what_the_first_has_built(engine: FakeEngine, ensure: Callable[..., Image]):
    engine.put(OFFICIAL, "official", ORIGIN)

    assert ensure() == ensure("clone")
    assert len(engine.built) == 1


def test_it_is_built_on_the_base_that_was_looked_at_whatever_its_name_says_later(
    engine: FakeEngine, ensure: Callable[..., Image]
):
    official = engine.put(OFFICIAL, "official", ORIGIN)

    ensure()

    assert engine.built == [official]


def test_the_note_says_what_the_image_was_made_from(
    engine: FakeEngine, ensure: Callable[..., Image], recipe: ImageRecipe, tmp_path: Path
):
    official = engine.put(OFFICIAL, "official", ORIGIN)
    image = ensure()

    path = tmp_path / "build" / "images" / image.digest / f"{image.id.removeprefix('sha256:')}.json"
    note = json.loads(path.read_text())

    assert len(note.pop("context")) == 64
    assert note == {
        "base": OFFICIAL,
        "base_id": official,
        "id": image.id,
        "recipe": recipe_digest(recipe),  # which the matrix names as the cell's image
        "tag": image.tag,
    }


def test_an_image_under_the_official_name_that_is_from_no_registry_is_not_used(
    engine: FakeEngine, base: Callable[[], BaseImage], said: list[str]
):
    foreign = engine.put(OFFICIAL, "foreign", f"elsewhere/python@sha256:{'a' * 64}")

    found = base()

    assert found.id != foreign and found.reference.startswith("deploymatrix/base-python:")
    assert [line for line in said if OFFICIAL in line and "from no registry" in line]


def test_the_user_vouches_for_what_a_variable_names(
    engine: FakeEngine, base: Callable[[], BaseImage], monkeypatch: pytest.MonkeyPatch
):
    own = engine.put("mine:1", "own")
    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")

    assert base().id == own


def test_a_variable_that_names_what_nobody_has_is_refused(
    base: Callable[[], BaseImage], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DEPLOYMATRIX_BASE_PYTHON", "mine:1")

    with pytest.raises(EnvironmentFailed, match="DEPLOYMATRIX_BASE_PYTHON=mine:1"):
        base()


def test_a_base_that_was_made_here_is_used_and_a_foreign_one_of_its_name_is_not(
    engine: FakeEngine, base: Callable[[], BaseImage], said: list[str]
):
    made = base()
    assert base() == made

    foreign = engine.put(made.reference, "foreign")

    assert base().id == made.id != foreign
    assert [line for line in said if "no note" in line]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (OFFICIAL, "python"),
        (f"docker.io/library/{ORIGIN}", "python"),
        ("index.docker.io/someone/python:3", "someone/python"),
        ("mirror.example:5000/library/python@sha256:0", "mirror.example:5000/library/python"),
        ("localhost/python:3.11", "localhost/python"),
    ],
)
def test_a_repository_is_known_by_its_shortest_name(reference: str, name: str):
    assert repository(reference) == name
