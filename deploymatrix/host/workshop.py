"""The workshop: one warm worker for each exporter environment and for each target, made when first needed."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploymatrix.environments.interpreters import ensure_node, ensure_python
from deploymatrix.host.messages import Place, Request, TaskName, Work
from deploymatrix.host.worker import Channel, Worker, WorkerClosed, process_channel
from deploymatrix.host.worker_program import WORKER
from deploymatrix.project.project import Project, Target
from deploymatrix.project.specs import Isolation
from deploymatrix.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

    from deploymatrix.environments.images import Image


class Workshop:
    """Makes environments and images, starts workers, hands them requests, and stops them. Thread-safe."""

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
        self.isolation = isolation
        self._project = project
        self._client = client
        self._run_id = run_id
        self._jobs = jobs
        self._threads = max(1, (os.cpu_count() or 1) // jobs)
        self._say = say
        self._work = project.build / "work" / run_id
        self._workers: dict[Place, Worker] = {}
        self._images: dict[str, Image] = {}
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self, place: Place) -> None:
        """Make the environment or image, so that a worker can start there. Raises EnvironmentFailed."""
        if place.kind == "environment":
            self._exporter_python(place.name)
        elif self.isolation == "process":
            self._runtime(self._project.targets[place.name])
        else:
            self._image(self._project.targets[place.name])

    def work(
        self,
        place: Place,
        task: TaskName,
        *,
        module: Path,
        args: dict[str, Any],
        timeout_s: float,
        memory_mb: int,
    ) -> Work:
        """Let the worker of `place` do one task in a folder of its own, and wait for it."""
        folder = self._outbox(place) / uuid.uuid4().hex
        folder.mkdir()
        folder.chmod(0o777)  # a container's user is another one, and only this folder is its own
        request = Request(
            task=task,
            module=module,
            args=args,
            out=folder / "out",
            log=folder / "log.txt",
            timeout_s=timeout_s,
            memory_mb=memory_mb,
            threads=self._threads,
        )
        return Work(reply=self._worker(place).request(request), out=request.out, log=request.log)

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
        shutil.rmtree(self._work, ignore_errors=True)

    def _worker(self, place: Place) -> Worker:
        with self._lock:
            if self._closed:
                raise WorkerClosed(f"{place}: the run is over")
            if place not in self._workers:
                self._workers[place] = Worker(lambda: self._start(place))
            return self._workers[place]

    def _start(self, place: Place) -> Channel:
        if place.kind == "environment":
            python = self._exporter_python(place.name)
            variables = self._project.environment_variables(place.name)
            return process_channel([str(python), "-s", str(WORKER)], variables, self._server_log(place))
        target = self._project.targets[place.name]
        return self._container(target, place) if self.isolation == "docker" else self._process(target, place)

    def _process(self, target: Target, place: Place) -> Channel:
        runtime = self._runtime(target)
        if target.spec.runner == "node":
            command = [str(runtime / "bin" / "node"), str(WORKER / "server.mjs")]
            variables = {"DEPLOYMATRIX_NODE_MODULES": str(runtime / "node_modules")}
        else:
            command, variables = [str(runtime), "-s", str(WORKER)], {}
        return process_channel(command, variables, self._server_log(place))

    def _container(self, target: Target, place: Place) -> Channel:
        from deploymatrix.host.container_channel import Mount, container_channel

        assert self._client is not None, "docker isolation without an engine"
        store = self._project.build / "store"
        mounts = [
            Mount(WORKER, "/deploymatrix/worker"),
            Mount(target.folder, "/deploymatrix/target"),
            Mount(store / "artifacts", "/deploymatrix/artifacts"),
            Mount(store / "samples", "/deploymatrix/samples"),
            Mount(self._outbox(place), "/deploymatrix/out", writable=True),
        ]
        for mount in mounts:
            mount.host.mkdir(parents=True, exist_ok=True)
        resources = target.spec.resources
        return container_channel(
            self._client,
            self._image(target),
            mounts,
            run_id=self._run_id,
            memory_mb=resources.memory_mb * self._jobs,
            cpus=resources.cpus,
            pids=resources.pids,
        )

    def _exporter_python(self, name: str) -> Path:
        return ensure_python(name, self._project.environment_lock(name), self._envs(), self._say)

    def _runtime(self, target: Target) -> Path:
        lock = self._project.runtime_lock(target)
        if target.spec.runner == "node":
            return ensure_node(f"target-{target.name}", lock, self._node_lock(), self._envs(), self._say)
        return ensure_python(f"target-{target.name}", lock, self._envs(), self._say)

    def _image(self, target: Target) -> Image:
        from deploymatrix.environments.images import ensure_image

        assert self._client is not None, "docker isolation without an engine"
        with self._lock:
            made = self._images.get(target.name)
        if made is None:
            made = ensure_image(
                self._client,
                docker_dir=self._project.docker,
                target=target.name,
                runner=target.spec.runner,
                lock=self._project.runtime_lock(target),
                build=self._project.build,
                say=self._say,
            )
            with self._lock:
                self._images[target.name] = made
        return made

    def _node_lock(self) -> Path:
        return self._project.runners["node"] / "requirements.lock"

    def _envs(self) -> Path:
        return self._project.build / "envs"

    def _outbox(self, place: Place) -> Path:
        folder = self._work / f"{place.kind}-{place.name}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _server_log(self, place: Place) -> Path:
        return self._project.build / "logs" / "workers" / f"{place.kind}-{place.name}.txt"
