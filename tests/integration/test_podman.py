"""Podman by its Docker-compatible socket: images are built there, and targets run there, as on Docker."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from deploymatrix.environments.base_images import BaseImage, ensure_base
from deploymatrix.environments.engine import engine
from deploymatrix.environments.image_notes import notes_of
from deploymatrix.host.reaping import RUN
from deploymatrix.host.recipes import image_recipe
from tests.fakes.tree import Tree
from tests.runtimes import SHIPPED

pytestmark = pytest.mark.docker

STARTS_S = 20


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Podman service of the test's own, as the engine that the user has chosen."""
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed: https://podman.io/docs/installation")
    folder = tmp_path_factory.mktemp("podman")
    address = f"unix://{folder}/podman.sock"
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(
            ["podman", "system", "service", "--time=0", address],
            stdout=log,
            stderr=log,
        ) as service,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DOCKER_HOST", address)
        yield _answering(folder / "log.txt")
        service.terminate()


def _answering(log: Path) -> Any:
    deadline = time.monotonic() + STARTS_S
    while (client := engine()) is None:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return client


@pytest.fixture(scope="module")
def base(podman: Any) -> BaseImage:
    """The base of Python's runner, taken over from the Docker engine if that has it: an image moves with its id."""
    recipe = image_recipe(SHIPPED, SHIPPED.targets["onnx"]).base
    try:
        other = docker.DockerClient(base_url="unix:///var/run/docker.sock")
        podman.images.load(b"".join(other.images.get(recipe.made_here).save(named=True)))
    except docker.errors.DockerException:
        print("no Docker engine has a base image; Podman gets one as Docker would")
    return ensure_base(podman, recipe, SHIPPED.build / "envs", notes_of(SHIPPED.build), print)


def test_a_target_runs_in_podman_and_leaves_nothing_behind(podman: Any, base: BaseImage, runnable: Tree) -> None:
    done = runnable.run("run", "-t", "npz", "-t", "plain", "--isolation", "docker")

    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads((runnable.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    assert [(cell["outcome"], cell["isolation"]) for cell in cells] == [("passed", "docker")] * 2
    assert podman.api.containers(all=True, filters={"label": RUN}) == []

    again = runnable.run("repro", "linear/npz/fp32", "--run")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_foreign_image_under_the_tag_does_not_run_in_podman(podman: Any, base: BaseImage, runnable: Tree) -> None:
    made = runnable.run("images", "-t", "npz")
    assert made.returncode == 0, made.stdout + made.stderr
    tag, _ = made.stdout.split()[-2:]
    podman.images.get(base.id).tag(*tag.split(":"))

    done = runnable.run("run", "-t", "npz", "--isolation", "docker")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "not used" in done.stdout + done.stderr
    # Made anew: the same image where Podman finds its layers again, which under load it does not always do.
    ours = runnable.run("images", "-t", "npz").stdout.split()[-1]
    assert podman.images.get(tag).id == ours != base.id
