"""On a real engine: a target runs in the image that was built from its lock, whatever the engine has under its tag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploymatrix.environments.images import Image, ensure_image
from deploymatrix.host.recipes import image_recipe
from deploymatrix.project.project import Project
from tests.fakes.tree import Tree

pytestmark = pytest.mark.docker

OWN = "LABEL deploymatrix.test=own-images\n"


@pytest.fixture
def project(runnable: Tree) -> Project:
    """The tiny project with an image that no other test has."""
    runnable.append("docker/python/Dockerfile", OWN)
    return runnable.project()


@pytest.fixture
def image(client: Any, project: Project) -> Iterator[Image]:
    built = ensure_image(client, image_recipe(project, project.targets["npz"]), project.build, print)
    yield built
    client.images.remove(built.tag, force=True)


def test_a_foreign_image_under_the_tag_does_not_run(client: Any, runnable: Tree, project: Project, image: Image):
    foreign = client.images.get(note_of(project, image)["base_id"])  # it has neither numpy nor our notes
    foreign.tag(*image.tag.split(":"))

    done = runnable.run("run", "-t", "npz", "--isolation", "docker")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "not used" in done.stdout + done.stderr
    [cell] = json.loads((runnable.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    assert (cell["outcome"], cell["image"]) == ("passed", note_of(project, image)["recipe"])
    assert client.images.get(image.tag).id == image.id


def test_pruning_removes_what_no_target_is_made_from_any_more(client: Any, runnable: Tree, project: Project):
    old = ensure_image(client, image_recipe(project, project.targets["npz"]), project.build, print)
    runnable.append("docker/python/Dockerfile", "LABEL deploymatrix.test=later-images\n")
    new = ensure_image(client, image_recipe(project, project.targets["npz"]), project.build, print)
    base = note_of(project, new)["base_id"]
    client.api.tag(new.id, "deploymatrix/elsewhere", "1")

    done = runnable.run("images", "--prune")

    assert done.stdout.strip() == f"{old.tag}: removed"
    left = {image.id for image in client.images.list()}
    assert old.id not in left
    assert {new.id, base} <= left
    assert runnable.run("images", "--prune").stdout == ""
    client.images.remove("deploymatrix/elsewhere:1")
    client.images.remove(new.tag)


def note_of(project: Project, image: Image) -> dict[str, str]:
    path = project.build / "images" / image.digest / f"{image.id.removeprefix('sha256:')}.json"
    note: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return note
