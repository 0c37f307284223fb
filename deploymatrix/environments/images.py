"""The image of a target: a base, one runtime from its lock, nothing else. Made once for the same inputs.

Only an image that was built here from these inputs is used: its id is noted, see image_notes.py.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from filelock import FileLock
from requests.exceptions import RequestException

from deploymatrix.environments.base_images import ensure_base
from deploymatrix.environments.image_context import context
from deploymatrix.environments.image_notes import ImageNotes, notes_of
from deploymatrix.environments.platforms import machine_of
from deploymatrix.environments.recipes import ImageRecipe, joined_digest, recipe_digest
from deploymatrix.environments.runtimes import ensure_runtime
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

DIGITS = 12
ID_DIGITS = len("sha256:") + DIGITS
GLIBC = "manylinux_2_28"
OF_OUR_OWN = "manylinux_2_36"  # of a base that is always made here, from Debian 12
BUILD_S = 1800
ARGUMENT = re.compile(r"^ARG BASE(=.*)?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A built image. digest: of all it was made from; id: the engine's, of its content; tag: for people to read."""

    tag: str
    digest: str
    id: str


def ensure_image(client: docker.DockerClient, recipe: ImageRecipe, build: Path, say: Say) -> Image:
    """Return the image of a target, built now if the engine has none that was built here from these inputs.

    Packages are fetched on the host, into build/envs.
    Raise EnvironmentFailed when the base, a package or the build fails.
    """
    check_dockerfile(recipe.dockerfile)
    envs, notes = build / "envs", notes_of(build)
    base = ensure_base(client, recipe.base, envs, notes, say)
    made_by = recipe_digest(recipe)
    digest = joined_digest([made_by.encode(), base.id.encode()])
    tag = f"deploymatrix/{recipe.target}:{digest[:DIGITS]}"
    about = {"base": base.reference, "base_id": base.id, "recipe": made_by, "tag": tag}
    locks = build / "images"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f".{recipe.target}-{digest[:DIGITS]}.lock"):
        image_id = _noted(client, tag, digest, notes, say)
        if image_id is None:
            wanted = other_platform(client, recipe.base.platform)
            packages = ensure_runtime(recipe.runtime, envs, say, platform=wanted).packages
            say(f"image {tag}: being built on {base.reference}")
            stream = _Digested(context(recipe.dockerfile, packages, headers=recipe.headers))
            image_id = _build(client, stream, tag, base.id, recipe.target)
            about["context"] = stream.digest.hexdigest()
        notes.add(digest, image_id, about)
    return Image(tag=tag, digest=digest, id=image_id)


def check_dockerfile(path: Path) -> None:
    """Raise EnvironmentFailed unless the image starts from what runner.toml declares, said in that one place."""
    argument = ARGUMENT.search(path.read_text(encoding="utf-8"))
    if argument is None:
        raise EnvironmentFailed(f"{path}: it must start with the lines ARG BASE and FROM ${{BASE}}")
    if argument[1]:
        raise EnvironmentFailed(f"{path}: ARG BASE{argument[1]}: runner.toml names the base; write ARG BASE alone")


def _noted(client: docker.DockerClient, tag: str, digest: str, notes: ImageNotes, say: Say) -> str | None:
    """Return the id of what the tag names if that was built here; None, and a line, for anything else."""
    try:
        found = str(client.images.get(tag).id)
    except ImageNotFound:
        return None
    if notes.has(digest, found):
        return found
    say(f"image {tag}: the engine's is {found[:ID_DIGITS]}, of which there is no note that it was built here; not used")
    return None


class _Digested:
    """A stream, and the digest of what was read of it."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.digest.update(chunk)
            yield chunk


def other_platform(client: docker.DockerClient, platform_: str | None = None) -> str | None:
    """Return the platform, the engine's where none is given, in uv's words; None when it is this very one."""
    machine = machine_of(platform_ or client.version()["Arch"])
    if sys.platform == "linux" and platform.machine() == machine:
        return None
    return f"{machine}-{GLIBC if platform_ is None else OF_OUR_OWN}"


def _build(client: docker.DockerClient, stream: _Digested, tag: str, base: str, target: str) -> str:
    """Build the image and return its id. Raise EnvironmentFailed with the end of what the engine said."""
    said: list[str] = []
    image_id = None
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
            image_id = (message.get("aux") or {}).get("ID", image_id)
    except (DockerException, RequestException) as error:
        raise EnvironmentFailed(f"{tag}: the build failed: {error}\n{''.join(said)[-2000:]}") from error
    if image_id is None:
        raise EnvironmentFailed(f"{tag}: the engine does not say what it built:\n{''.join(said)[-2000:]}")
    return str(image_id)
