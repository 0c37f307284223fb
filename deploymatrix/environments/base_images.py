"""The image that a runner starts from: the user's, the official one, or one made here where no registry answers.

A name is no proof. The user vouches for what a variable names, the registry for what the engine says to have from it,
and our own notes for what was made here (image_notes.py). What nobody vouches for is not used.
"""

from __future__ import annotations

import functools
import hashlib
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

from deploymatrix.environments.image_notes import ImageNotes
from deploymatrix.environments.recipes import BaseRecipe
from deploymatrix.environments.runtimes import ensure_program
from deploymatrix.environments.tying import tied
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.say import Say

PROBE_S = 8
NEEDED = "mmdebstrap"


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """What is started from, and its id, which FROM names. origins: repositories that the engine has it from."""

    reference: str
    id: str
    origins: frozenset[str] = frozenset()


def ensure_base(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, notes: ImageNotes, say: Say) -> BaseImage:
    """Return the base of a runner, pulled or made now if the engine has none that somebody vouches for.

    DEPLOYMATRIX_BASE_<RUNNER> names another one than runner.toml's; it is then that one or none.
    Raise EnvironmentFailed when it cannot be had.
    """
    envs.mkdir(parents=True, exist_ok=True)
    with FileLock(envs / f".{re.sub('[/:]', '-', recipe.made_here)}.lock"):
        if recipe.is_chosen:
            return _chosen(client, recipe, say)
        if recipe.platform is not None:  # no registry's image has what runs it on another machine
            return _noted(client, recipe, notes, say) or _made(client, recipe, envs, notes, say)
        return _official(client, recipe.image, say) or _obtained(client, recipe, envs, notes, say)


def _chosen(client: docker.DockerClient, recipe: BaseRecipe, say: Say) -> BaseImage:
    """Return what the user names, who vouches for it."""
    wanted = recipe.reference
    found = _local(client, wanted)
    if found is None:
        _pull(client, wanted, say)
        found = _local(client, wanted)
    if found is None:
        raise EnvironmentFailed(
            f"{recipe.variable}={wanted}: the engine does not have it and no registry gives it; "
            "load or pull it, or unset the variable"
        )
    return found


def _official(client: docker.DockerClient, wanted: str, say: Say) -> BaseImage | None:
    """Return what the engine has under the declared name, if the engine knows that it came from the registry."""
    found = _local(client, wanted)
    if found is not None and not wanted.startswith("sha256:") and repository(wanted) not in found.origins:
        say(f"base image: the engine's {wanted} is from no registry; not used. See docs/guides/container-engines.md")
        return None
    return found


def _obtained(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, notes: ImageNotes, say: Say) -> BaseImage:
    wanted = recipe.image
    if found := _noted(client, recipe, notes, say):
        say(f"base image: {found.reference}, made here earlier; for the official one: docker pull {wanted}")
        return found
    _pull(client, wanted, say)
    if pulled := _official(client, wanted, say):
        return pulled
    return _made(client, recipe, envs, notes, say)


def _noted(client: docker.DockerClient, recipe: BaseRecipe, notes: ImageNotes, say: Say) -> BaseImage | None:
    """Return what was made here earlier, of which there is a note."""
    found = _local(client, recipe.made_here)
    if found is not None and not notes.has(_digest(recipe), found.id):
        say(f"base image: {recipe.made_here}: there is no note that the engine's was made here; not used")
        return None
    return found


def _made(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, notes: ImageNotes, say: Say) -> BaseImage:
    _check_that_it_can_be_made(recipe)
    why = f"no registry gives {recipe.image}" if recipe.platform is None else f"it is for {recipe.platform}"
    say(f"base image: {why}; making {recipe.made_here} from this machine's Debian packages")
    made = _make(client, recipe, envs, say)
    notes.add(_digest(recipe), made.id, {"tag": recipe.made_here})
    return made


def _digest(recipe: BaseRecipe) -> str:
    return hashlib.sha256(recipe.made_here.encode()).hexdigest()


def repository(reference: str) -> str:
    """Return the repository of a reference by its shortest name: python for docker.io/library/python:3.11."""
    name = re.sub(r":[^/]*$", "", reference.partition("@")[0])
    return re.sub(r"^((index\.)?docker\.io/)?(library/)?", "", name)


def _local(client: docker.DockerClient, reference: str) -> BaseImage | None:
    try:
        image = client.images.get(reference)
    except ImageNotFound:
        return None
    origins = frozenset(map(repository, image.attrs.get("RepoDigests") or ()))
    return BaseImage(reference=reference, id=str(image.id), origins=origins)


def _pull(client: docker.DockerClient, reference: str, say: Say) -> None:
    """Pull it if a registry has it; say so if that fails."""
    if not _registry_has(str(client.api.base_url), reference):
        return
    say(f"base image: pulling {reference}")
    try:
        client.images.pull(reference)
    except (APIError, RequestException) as error:
        say(f"base image: {reference} could not be pulled: {error}")


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


def _make(client: docker.DockerClient, recipe: BaseRecipe, envs: Path, say: Say) -> BaseImage:
    program = ensure_program(recipe.runtime, envs, say)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        command = ["sh", str(recipe.folder / "make-base.sh"), str(archive), ",".join(recipe.debian)]
        command += [] if program is None else [str(program)]
        command += [] if recipe.platform is None else [str(client.version()["Arch"])]
        done = subprocess.run(tied(command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EnvironmentFailed(f"{recipe.made_here}: {NEEDED} failed:\n{done.stderr.strip()[-2000:]}")
        return _imported(client, archive, recipe.made_here)


def _imported(client: docker.DockerClient, archive: Path, reference: str) -> BaseImage:
    """Let the engine import a file system, and give it its name. Podman 4.3 imports under a name without the tag."""
    answer = str(client.api.import_image_from_file(str(archive)))
    found = re.search(r"sha256:[0-9a-f]{64}", answer)
    if found is None:
        raise EnvironmentFailed(f"{reference}: the engine does not say what it imported: {answer[-500:]}")
    name, _, tag = reference.partition(":")
    client.api.tag(found[0], name, tag, force=True)
    return BaseImage(reference=reference, id=found[0])
