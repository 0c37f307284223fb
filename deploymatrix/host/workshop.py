"""The workshop: one warm worker for each exporter environment and for each target, made when first needed."""

from __future__ import annotations

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.errors import EnvironmentFailed, PackagesFailed
from deploymatrix.host.channel import Channel
from deploymatrix.host.in_process import ensure_exporter, start_exporter
from deploymatrix.host.intake import remove
from deploymatrix.host.isolation import launcher_for
from deploymatrix.host.live_worker import SILENT_S
from deploymatrix.host.messages import MOST_FILES, Place, Reply, Request, TaskName, Work
from deploymatrix.host.site import Site
from deploymatrix.host.worker import Worker, WorkerClosed
from deploymatrix.project.project import Project
from deploymatrix.project.strict import Isolation
from deploymatrix.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

    from deploymatrix.environments.recipes import PackagesRecipe


class Workshop:
    """Starts workers where they belong, hands them requests, and stops them. A `Pool`; thread-safe."""

    def __init__(
        self,
        project: Project,
        *,
        isolation: Isolation,
        client: DockerClient | None,
        run_id: str,
        jobs: int,
        say: Say,
    ) -> None:
        self._site = Site(project=project, client=client, run_id=run_id, jobs=jobs, say=say)
        self._targets = launcher_for(isolation, self._site)
        self._threads = max(1, (os.cpu_count() or 1) // jobs)
        self._work = project.build / "work" / run_id
        self._workers: dict[Place, Worker] = {}
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self, place: Place) -> None:
        """Make the environment or image, so that a worker can start there. Raise EnvironmentFailed."""
        if place.kind == "environment":
            self._prepare_exporter(place.name)
        else:
            self._targets.prepare(self._site.project.targets[place.name])

    def work(
        self,
        place: Place,
        task: TaskName,
        *,
        module: Path,
        args: dict[str, Any],
        timeout_s: float,
        memory_mb: int,
        most_bytes: int,
        most_files: int = MOST_FILES,
        packages: PackagesRecipe | None = None,
    ) -> Work:
        """Let the worker of `place` do one task, and wait for it. packages: made first, if they are not there."""
        if packages is not None:
            self._ensure_packages(packages)
        name = uuid.uuid4().hex
        taken = self._work / "taken" / name  # no task is told of it
        taken.mkdir(parents=True)
        request = Request(
            task=task,
            module=module,
            args=args,
            out=taken / "out",
            log=taken / "log.txt",
            timeout_s=timeout_s,
            memory_mb=memory_mb,
            threads=self._threads,
            most_bytes=most_bytes,
            most_files=most_files,
            own=self._folder(place) / name,
        )
        reply = self._believed(place, self._worker(place).request(request))
        return Work(reply=reply, out=request.out, log=request.log)

    def close(self, place: Place) -> None:
        """Stop the worker of `place`, if it runs."""
        with self._lock:
            worker = self._workers.pop(place, None)
        if worker is not None:
            worker.close()

    def close_all(self) -> None:
        """Stop every worker, start none any more, and remove what they left behind."""
        self._closed = True
        with ThreadPoolExecutor() as pool:  # each may take its time, as when it imports
            list(pool.map(self.close, list(self._workers)))
        remove(self._work)

    def _ensure_packages(self, recipe: PackagesRecipe) -> None:
        from deploymatrix.environments.model_packages import ensure_packages

        platform = None
        if self._site.project.exporters == "docker":
            from deploymatrix.host.exporter_in_container import platform_of

            platform = platform_of(self._site)
        try:
            ensure_packages(recipe, self._site.envs, self._site.say, platform=platform)
        except EnvironmentFailed as error:
            raise PackagesFailed(f"{recipe} could not be made: {error}") from error

    def _prepare_exporter(self, name: str) -> None:
        if self._site.project.exporters == "docker":
            from deploymatrix.host.exporter_in_container import prepare_contained

            prepare_contained(self._site, name)
        else:
            ensure_exporter(self._site, name)

    def _believed(self, place: Place, reply: Reply) -> Reply:
        """Return the reply without files that the task cannot have read, where its container says what it can."""
        if place.kind != "environment" or self._site.project.exporters != "docker":
            return reply
        from deploymatrix.host.exporter_in_container import seen, visible

        return replace(reply, reads=seen(visible(self._site), reply.reads))

    def _worker(self, place: Place) -> Worker:
        with self._lock:
            if self._closed:
                raise WorkerClosed(f"{place}: the run is over")
            if place not in self._workers:
                silent_s = SILENT_S * self._patience(place)
                self._workers[place] = Worker(lambda: self._start(place), silent_s=silent_s)
            return self._workers[place]

    def _patience(self, place: Place) -> int:
        project = self._site.project
        return project.runner_of(project.targets[place.name]).patience if place.kind == "runner" else 1

    def _start(self, place: Place) -> Channel:
        project = self._site.project
        log = project.build / "logs" / "workers" / f"{place.kind}-{place.name}.txt"
        if place.kind == "environment":
            if project.exporters == "docker":
                from deploymatrix.host.exporter_in_container import start_contained

                return start_contained(self._site, place.name, self._folder(place))
            return start_exporter(self._site, place.name, log)
        return self._targets.start(project.targets[place.name], self._folder(place), log)

    def _folder(self, place: Place) -> Path:
        folder = self._work / f"{place.kind}-{place.name}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
