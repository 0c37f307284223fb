"""The image of a target: a base, one runtime from its lock, nothing else. Made once for the same inputs."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from filelock import FileLock
from requests.exceptions import RequestException

from deploymatrix.environments.base_images import ensure_base
from deploymatrix.environments.image_context import context
from deploymatrix.environments.recipes import ImageRecipe, joined_digest, recipe_digest
from deploymatrix.environments.runtimes import ensure_runtime
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

DIGITS = 12
GLIBC = "manylinux_2_28"
BUILD_S = 1800
# What the engine calls a machine, as Python calls it.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


ARGUMENT = re.compile(r"^ARG BASE(=.*)?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A built image. digest: SHA-256 of all it was made from; id: the engine's."""

    tag: str
    digest: str
    id: str


def ensure_image(client: docker.DockerClient, recipe: ImageRecipe, build: Path, say: Say) -> Image:
    """Return the image of a target, built now if the engine has none of these inputs.

    Packages are fetched on the host, into build/envs.
    Raise EnvironmentFailed when the base, a package or the build fails.
    """
    check_dockerfile(recipe.dockerfile)
    envs, target = build / "envs", recipe.target
    base = ensure_base(client, recipe.base, envs, say)
    digest = joined_digest([recipe_digest(recipe).encode(), base.id.encode()])
    tag = f"deploymatrix/{target}:{digest[:DIGITS]}"
    locks = build / "images"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f".{target}-{digest[:DIGITS]}.lock"):
        image = _existing(client, tag, digest)
        if image is None:
            packages = ensure_runtime(recipe.runtime, envs, say, platform=_other_platform(client)).packages
            say(f"image {tag}: being built on {base.reference}")
            _build(client, context(recipe.dockerfile, packages), tag, base.reference, target)
            image = _existing(client, tag, digest)
    if image is None:
        raise EnvironmentFailed(f"{tag}: it was built, and the engine does not have it")
    return image


def check_dockerfile(path: Path) -> None:
    """Raise EnvironmentFailed unless the image starts from what runner.toml declares, said in that one place."""
    argument = ARGUMENT.search(path.read_text(encoding="utf-8"))
    if argument is None:
        raise EnvironmentFailed(f"{path}: it must start with the lines ARG BASE and FROM ${{BASE}}")
    if argument[1]:
        raise EnvironmentFailed(f"{path}: ARG BASE{argument[1]}: runner.toml names the base; write ARG BASE alone")


def _existing(client: docker.DockerClient, tag: str, digest: str) -> Image | None:
    try:
        return Image(tag=tag, digest=digest, id=str(client.images.get(tag).id))
    except ImageNotFound:
        return None


def _other_platform(client: docker.DockerClient) -> str | None:
    """Return the engine's platform in uv's words; None when it is this very one."""
    architecture = client.version()["Arch"]
    machine = MACHINES.get(architecture, architecture)
    if sys.platform == "linux" and platform.machine() == machine:
        return None
    return f"{machine}-{GLIBC}"


def _build(client: docker.DockerClient, stream: Iterable[bytes], tag: str, base: str, target: str) -> None:
    """Build the image. Raise EnvironmentFailed with the end of what the engine said."""
    said: list[str] = []
    try:
        messages = client.api.build(
            fileobj=stream,  # type: ignore[arg-type]  # it is handed to requests, which takes an iterable
            custom_context=True,
            tag=tag,
            buildargs={"BASE": base},
            network_mode="none",
            labels={"deploymatrix.target": target},
            rm=True,
            forcerm=True,
            decode=True,
            timeout=BUILD_S,
        )
        for message in messages:
            said.append(str(message.get("stream", message.get("error", ""))))
            if "error" in message:
                raise EnvironmentFailed(f"{tag}: the build failed:\n{''.join(said)[-2000:]}")
    except (DockerException, RequestException) as error:
        raise EnvironmentFailed(f"{tag}: the build failed: {error}\n{''.join(said)[-2000:]}") from error
