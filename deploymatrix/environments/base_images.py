"""The image that a runner starts from: the user's, the official one, or one made here where no registry answers."""

from __future__ import annotations

import functools
import hashlib
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

from deploymatrix.environments.interpreters import ensure_node_wheel
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

PROBE_S = 8
DIGITS = 12
NEEDED = "mmdebstrap"
DEFAULT = re.compile(r"^ARG BASE=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """What FROM names, and the engine's id of it."""

    reference: str
    id: str


def ensure_base(client: docker.DockerClient, docker_dir: Path, runner: str, envs: Path, say: Say) -> BaseImage:
    """The base for `runner`, pulled or made now if the engine has none.

    DEPLOYMATRIX_BASE_<RUNNER> names another one than the Dockerfile's; it is then that one or none.
    Raises EnvironmentFailed when it cannot be had.
    """
    wanted = base_reference(docker_dir, runner)
    envs.mkdir(parents=True, exist_ok=True)
    with FileLock(envs / f".base-{runner}.lock"):
        return _local(client, wanted) or _obtained(client, docker_dir, runner, wanted, envs, say)


def base_reference(docker_dir: Path, runner: str) -> str:
    """The image that the user wants, else the default of the Dockerfile's ARG BASE."""
    if own := os.environ.get(_variable(runner)):
        return own
    dockerfile = docker_dir / runner / "Dockerfile"
    default = DEFAULT.search(dockerfile.read_text(encoding="utf-8"))
    if not default:
        raise EnvironmentFailed(f"{dockerfile}: it must have a line ARG BASE=<image>")
    return default[1]


def _obtained(
    client: docker.DockerClient, docker_dir: Path, runner: str, wanted: str, envs: Path, say: Say
) -> BaseImage:
    chosen = bool(os.environ.get(_variable(runner)))
    made_here = f"deploymatrix/base-{runner}:{_recipe(docker_dir)}"
    if not chosen and (found := _local(client, made_here)):
        say(f"base image: {made_here}, made here earlier; for the official one: docker pull {wanted}")
        return found
    if found := _pulled(client, wanted, say):
        return found
    if chosen:
        raise EnvironmentFailed(
            f"{_variable(runner)}={wanted}: the engine does not have it and no registry gives it; "
            "load or pull it, or unset the variable"
        )
    say(f"base image: no registry gives {wanted}; making {made_here} from this machine's Debian packages")
    _make(client, docker_dir, runner, made_here, envs, say)
    return _local(client, made_here) or _lost(made_here)


def _variable(runner: str) -> str:
    return f"DEPLOYMATRIX_BASE_{runner.upper()}"


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
    """Whether the engine can read the image's manifest. A pull would try for minutes; asked once in a run."""
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


def _recipe(docker_dir: Path) -> str:
    """The digest of what the base would be made by; docker/node's lock pins the Node that goes into it."""
    files = [*sorted((docker_dir / "base").iterdir()), docker_dir / "node" / "requirements.lock"]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]


def _make(client: docker.DockerClient, docker_dir: Path, runner: str, reference: str, envs: Path, say: Say) -> None:
    if shutil.which(NEEDED) is None:
        raise EnvironmentFailed(
            f"no registry gives a base image, and {NEEDED}, which would make one, is missing: "
            f"apt-get install {NEEDED}, or name an image that the engine has: {_variable(runner)}=…"
        )
    extra = [str(_node(docker_dir, envs, say))] if runner == "node" else []
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        command = ["sh", str(docker_dir / "base" / "make-base.sh"), runner, str(archive), *extra]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EnvironmentFailed(f"{reference}: {NEEDED} failed:\n{done.stderr.strip()[-2000:]}")
        repository, _, tag = reference.partition(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag)


def _node(docker_dir: Path, envs: Path, say: Say) -> Path:
    return ensure_node_wheel(docker_dir / "node" / "requirements.lock", envs, say) / "bin" / "node"


def _lost(reference: str) -> BaseImage:
    raise EnvironmentFailed(f"{reference}: it was imported, and the engine does not have it")
