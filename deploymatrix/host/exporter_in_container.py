"""Exporters in containers, for model code that is not trusted: closed as those of targets are.

The container is made from the base that Python's packages are for. It sees, read-only and under the host's own paths,
the environment's packages, the models and the pipelines. What a task reads besides comes through its inbox, and what it
makes goes back over the channel.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from docker import DockerClient

from deploymatrix.environments.base_images import ensure_base
from deploymatrix.environments.image_notes import notes_of
from deploymatrix.environments.images import Image, other_platform
from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.environments.recipes import packages_in
from deploymatrix.host import inside
from deploymatrix.host.channel import Channel
from deploymatrix.host.container_channel import container_channel
from deploymatrix.host.container_limits import Bounds
from deploymatrix.host.inbox import Inbox, Mount
from deploymatrix.host.machine import memory_budget_mb
from deploymatrix.host.recipes import exporters_base
from deploymatrix.host.site import Site
from deploymatrix.host.worker_program import EXPORTING

PYTHON = "/usr/local/bin/python"  # in the official images and in those that are made here
PIDS = 4096  # frameworks start threads for each core, tools of theirs further processes


def prepare_contained(site: Site, name: str) -> Path:
    """Make the environment and the base, if they are not there. Return the environment's folder."""
    client = _client(site)
    lock = site.project.environment_lock(name)
    python = ensure_python(name, lock, site.envs, site.say, platform=platform_of(site))
    _image(site, client)
    return python.parent.parent


def start_contained(site: Site, name: str, folder: Path) -> Channel:
    """Start the worker of an exporter environment in a container. folder: its own, for what its tasks are given."""
    home, client = prepare_contained(site, name), _client(site)
    declared = {"PYTHONDONTWRITEBYTECODE": "1", **site.project.environment_variables(name)}
    variables = [f"{key}={value}" for key, value in sorted(declared.items())]
    return container_channel(
        client,
        _image(site, client),
        [*_environment(home.absolute(), folder / "environment"), *_packages(site), *visible(site)],
        Bounds(memory_mb=memory_budget_mb() // site.jobs, pids=PIDS, tasks=site.jobs),
        inbox=Inbox(folder / "inbox", inside.INBOX),
        run_id=site.run_id,
        command=[
            "env",
            *variables,
            *EXPORTING.started_from(inside.WORKER, lambda _: home.absolute() / "bin" / "python"),
        ],
    )


def platform_of(site: Site) -> str | None:
    """Return the platform that packages are for where it is not this one, as uv names it."""
    return other_platform(_client(site))


def visible(site: Site) -> list[Mount]:
    """Return what every task may read: the worker, and the models' and pipelines' folders under their own paths."""
    project = site.project
    folders = [tree / part for tree in project.trees for part in ("models", "pipelines")]
    folders += [folder for model in project.models.values() for folder in (model.folder, *model.import_folders)]
    found = dict.fromkeys(folder.absolute() for folder in folders if folder.is_dir())
    outer = [folder for folder in found if not any(folder != other and folder.is_relative_to(other) for other in found)]
    return [Mount(EXPORTING.folder, inside.WORKER), *(Mount(folder, str(folder)) for folder in outer)]


def seen(mounts: Sequence[Mount], reads: Sequence[str]) -> list[str]:
    """Return which of the files that a task says to have read it can have read: it might name any file of the host."""
    folders = [mount.host.absolute() for mount in mounts if mount.inside == str(mount.host.absolute())]
    plain = (path for path in reads if os.path.normpath(path) == path)
    return [path for path in plain if any(Path(path).is_relative_to(folder) for folder in folders)]


def _environment(home: Path, twin: Path) -> list[Mount]:
    """Let the packages appear where they are, in an environment of the container's own interpreter.

    The host's may need libraries that the container has not, and lie anywhere.
    """
    (twin / "bin").mkdir(parents=True, exist_ok=True)
    (twin / "lib").mkdir(exist_ok=True)
    (twin / "pyvenv.cfg").write_text(f"home = {Path(PYTHON).parent}\n", encoding="utf-8")
    link = twin / "bin" / "python"
    link.unlink(missing_ok=True)
    link.symlink_to(PYTHON)
    for folder in (twin, twin / "bin", twin / "lib"):
        folder.chmod(0o755)
    return [Mount(twin, str(home)), Mount((home / "lib").resolve(), str(home / "lib"))]


def _packages(site: Site) -> list[Mount]:
    """Let the packages of models appear where they are, also those that are made while the container runs."""
    folder = packages_in(site.envs)
    folder.mkdir(parents=True, exist_ok=True)
    return [Mount(folder, str(folder))]


def _image(site: Site, client: DockerClient) -> Image:
    recipe = exporters_base(site.project)
    base = ensure_base(client, recipe, site.envs, notes_of(site.project.build), site.say)
    return Image(tag=base.reference, digest="", id=base.id)


def _client(site: Site) -> DockerClient:
    assert site.client is not None, "exporters in containers without an engine"
    return site.client
