"""Workers of targets in containers of their images."""

from __future__ import annotations

import threading
from pathlib import Path

from docker import DockerClient

from deploymatrix.environments.images import Image, ensure_image
from deploymatrix.host import inside
from deploymatrix.host.channel import Channel
from deploymatrix.host.container_channel import container_channel
from deploymatrix.host.container_limits import Bounds
from deploymatrix.host.inbox import Inbox, Mount
from deploymatrix.host.recipes import image_recipe
from deploymatrix.host.site import Site
from deploymatrix.host.worker_program import MODULES, worker_of
from deploymatrix.project.targets import Target


class InContainer:
    """Targets in containers that see the worker, the target, and what their tasks are given, all of it read-only."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._images: dict[str, Image] = {}
        self._lock = threading.Lock()

    def prepare(self, target: Target) -> None:
        self._image(target)

    def start(self, target: Target, folder: Path, log: Path) -> Channel:
        site, resources = self._site, target.spec.resources
        runner = site.project.runner_of(target)
        worker = worker_of(runner)
        mounts = [Mount(worker.folder, inside.WORKER), Mount(target.folder, inside.TARGET)]
        variables = {}
        if worker.modules is not None:
            mounts.append(Mount(worker.modules, inside.MODULES))
            variables[MODULES] = inside.MODULES
        return container_channel(
            self._client,
            self._image(target),
            mounts,
            Bounds(
                memory_mb=resources.memory_mb,
                pids=resources.pids,
                cpus=resources.cpus,
                tasks=site.jobs,
                tmp=runner.spec.tmp,
                loopback=runner.spec.loopback,
                shared=runner.spec.shared,
            ),
            inbox=Inbox(folder, inside.INBOX),
            run_id=site.run_id,
            command=worker.started_from(inside.WORKER, str),
            variables=variables,
        )

    @property
    def _client(self) -> DockerClient:
        assert self._site.client is not None, "docker isolation without an engine"
        return self._site.client

    def _image(self, target: Target) -> Image:
        with self._lock:
            made = self._images.get(target.name)
        if made is None:
            site = self._site
            made = ensure_image(self._client, image_recipe(site.project, target), site.project.build, site.say)
            with self._lock:
                self._images[target.name] = made
        return made
