"""The image that a runner starts from: the user's, the official one, or one made here where no registry answers."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from filelock import FileLock
from requests.exceptions import RequestException

from deploymatrix.environments.recipes import BaseRecipe
from deploymatrix.environments.runtimes import ensure_program
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

PROBE_S = 8
NEEDED = "mmdebstrap"


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """What FROM names, and the engine's id of it."""

    reference: str
    id: str


def ensure_base(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, say: Say) -> BaseImage:
    """Return the base of a runner, pulled or made now if the engine has none.

    DEPLOYMATRIX_BASE_<RUNNER> names another one than runner.toml's; it is then that one or none.
    Raise EnvironmentFailed when it cannot be had.
    """
    envs.mkdir(parents=True, exist_ok=True)
    with FileLock(envs / f".{re.sub('[/:]', '-', recipe.made_here)}.lock"):
        return _local(client, recipe.reference) or _obtained(client, recipe, envs, say)


def _obtained(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, say: Say) -> BaseImage:
    wanted, made_here = recipe.reference, recipe.made_here
    chosen = bool(os.environ.get(recipe.variable))
    if not chosen and (found := _local(client, made_here)):
        say(f"base image: {made_here}, made here earlier; for the official one: docker pull {wanted}")
        return found
    if found := _pulled(client, wanted, say):
        return found
    if chosen:
        raise EnvironmentFailed(
            f"{recipe.variable}={wanted}: the engine does not have it and no registry gives it; "
            "load or pull it, or unset the variable"
        )
    _check_that_it_can_be_made(recipe)
    say(f"base image: no registry gives {wanted}; making {made_here} from this machine's Debian packages")
    _make(client, recipe, envs, say)
    return _local(client, made_here) or _lost(made_here)


def _local(client: docker.DockerClient, reference: str) -> BaseImage | None:
    try:
        return BaseImage(reference=reference, id=str(client.images.get(reference).id))
    except ImageNotFound:
        return None


def _pulled(client: docker.DockerClient, reference: str, say: Say) -> BaseImage | None:
    if not _registry_has(str(client.api.base_url), reference):
        return None
    say(f"base image: pulling {reference}")
    try:
        client.images.pull(reference)
    except (APIError, RequestException) as error:
        say(f"base image: {reference} could not be pulled: {error}")
    return _local(client, reference)


@functools.cache
def _registry_has(engine_url: str, reference: str) -> bool:
    """Tell whether the engine can read the image's manifest: a pull would try for minutes. Ask once in a run."""
    from deploymatrix.environments.engine import engine

    client = engine()
    if client is None:
        return False
    client.api.timeout = PROBE_S
    try:
        client.images.get_registry_data(reference)
    except (DockerException, RequestException):
        return False
    return True


def _check_that_it_can_be_made(recipe: BaseRecipe) -> None:
    if not recipe.debian:
        raise EnvironmentFailed(
            f"no registry gives {recipe.image}, the base of runner {recipe.runner!r}: load an image into the engine "
            f"and name it, {recipe.variable}=…, or say in runner.toml what one is made from: [debian] packages"
        )
    if shutil.which(NEEDED) is None:
        raise EnvironmentFailed(
            f"no registry gives a base image, and {NEEDED}, which would make one, is missing: "
            f"apt-get install {NEEDED}, or name an image that the engine has: {recipe.variable}=…"
        )


def _make(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, say: Say) -> None:
    program = ensure_program(recipe.runtime, envs, say)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        command = ["sh", str(recipe.folder / "make-base.sh"), str(archive), ",".join(recipe.debian)]
        command += [] if program is None else [str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EnvironmentFailed(f"{recipe.made_here}: {NEEDED} failed:\n{done.stderr.strip()[-2000:]}")
        repository, _, tag = recipe.made_here.partition(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag)


def _lost(reference: str) -> BaseImage:
    raise EnvironmentFailed(f"{reference}: it was imported, and the engine does not have it")
