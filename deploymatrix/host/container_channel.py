"""A worker in a container: no network, nothing writable but one folder and a small /tmp, no privileges.

The channel is the container's own stdin and stdout through the engine's API, so it works wherever the engine runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import Mount as BindMount
from requests.exceptions import RequestException

from deploymatrix.environments.engine import ENGINE_ERRORS
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.container_limits import RUNNER_USER, limits
from deploymatrix.host.container_stream import STDERR, STDOUT, Stream
from deploymatrix.host.reaping import run_labels
from deploymatrix.project.runners import Tmp

if TYPE_CHECKING:
    from deploymatrix.environments.images import Image

END_S = 10  # between the end of the container's output and its end
TAIL_BYTES = 16 * 1024


@dataclass(frozen=True)
class Mount:
    """A folder or file of the host, and the path where the container sees it; read-only by default."""

    host: Path
    inside: str
    writable: bool = False


def container_channel(
    client: docker.DockerClient,
    image: Image,
    mounts: Sequence[Mount],
    *,
    run_id: str,
    memory_mb: int,
    command: Sequence[str],
    cpus: float | None = None,
    pids: int = 512,
    tmp: Tmp | None = None,
) -> ContainerChannel:
    """Start a container of `image` and return the line to its worker.

    command: what starts the worker. cpus: cores; None for as many as there are. memory_mb: MiB, with no swap beyond.
    tmp: of /tmp; by default small.
    Raise EnvironmentFailed when the engine refuses.
    """
    for mount in mounts:
        if mount.writable and os.getuid() == 0:
            os.chown(mount.host, RUNNER_USER, RUNNER_USER)
    try:
        container = client.containers.create(
            image.tag,
            list(command),
            labels=run_labels(run_id),
            mounts=[_bind(mount) for mount in mounts],
            stdin_open=True,
            **limits(client, memory_mb=memory_mb, cpus=cpus, pids=pids, tmp=tmp or Tmp()),
        )
        return ContainerChannel(client, container, mounts)
    except ENGINE_ERRORS as error:
        raise EnvironmentFailed(f"{image.tag}: the engine does not start a container of it: {error}") from error


class ContainerChannel:
    """The line to a worker in a container; see Channel for its methods. It removes the container that has ended."""

    def __init__(self, client: docker.DockerClient, container: Container, mounts: Sequence[Mount]) -> None:
        self._client = client
        self._container = container
        self._mounts = sorted(mounts, key=lambda mount: len(mount.host.parts), reverse=True)
        self._state: dict[str, Any] | None = None
        self._tail = b""
        self._sending = threading.Lock()
        self._settling = threading.Lock()
        try:
            self._stream = Stream(client, container)
            container.start()
        except BaseException:
            container.remove(force=True)
            raise

    @property
    def id(self) -> str:
        return str(self._container.id)

    def send(self, line: bytes) -> None:
        """Write a line, newline included. Raise OSError when the worker has ended."""
        with self._sending:
            self._stream.send(line)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the worker's stdout, newline included, until it ends. Keep stderr for cause_of_death()."""
        rest = b""
        for kind, data in self._stream.frames():
            if kind == STDERR:
                self._tail = (self._tail + data)[-TAIL_BYTES:]
            if kind == STDOUT:
                *whole, rest = (rest + data).split(b"\n")
                yield from (line + b"\n" for line in whole)
        if rest:
            yield rest
        self._settle()

    def translate(self, path: Path) -> str:
        """Return the path in the container. Raise ValueError for one that is not mounted."""
        absolute = path.absolute()
        for mount in self._mounts:
            host = mount.host.absolute()
            if absolute.is_relative_to(host):
                inner = absolute.relative_to(host).as_posix()
                return mount.inside if inner == "." else f"{mount.inside}/{inner}"
        raise ValueError(f"{path} is in none of the folders that the container sees")

    def kill(self) -> None:
        """End the container with all its processes. May be called more than once, from any thread."""
        with contextlib.suppress(*ENGINE_ERRORS):  # it has ended already, or the engine has
            self._container.kill()
        self._settle()

    def cause_of_death(self) -> tuple[str, str]:
        """Return how the worker ended: "out_of_memory", "signaled" or "no_reply", and what happened."""
        state = self._settle()
        said = self._tail.decode(errors="replace").strip()[-2048:] or "nothing"
        if state.get("OOMKilled"):  # also with exit code 0, when a child was killed and the worker was not
            return "out_of_memory", "the kernel's OOM killer struck in the container"
        if "ExitCode" not in state:
            return "no_reply", str(state["Error"])
        code = int(state["ExitCode"])
        if code > 128 and code - 128 in set(signal.Signals):
            return "signaled", f"it died by {signal.Signals(code - 128).name}; its last words: {said}"
        return "no_reply", f"it ended with exit code {code}; its last words: {said}"

    def _settle(self) -> dict[str, Any]:
        """Wait for the container's end, remove it, and return how it ended; kill it if only its output has ended."""
        with self._settling:
            if self._state is None:
                self._state = self._final_state()
                with contextlib.suppress(*ENGINE_ERRORS):  # gone already; else the next run reaps it
                    self._container.remove(force=True)
                self._stream.close()
            return self._state

    def _final_state(self) -> dict[str, Any]:
        """Return the engine's account of the end. A request is under way, so an engine that fails is an answer too."""
        try:
            self._await_end()
            state: dict[str, Any] = self._client.api.inspect_container(self.id)["State"]
            return state
        except NotFound:
            return {"ExitCode": 128 + signal.SIGKILL}  # removed from outside, which kills
        except ENGINE_ERRORS as error:
            return {"Error": f"the engine no longer answers for it: {error}"}

    def _await_end(self) -> None:
        try:
            self._container.wait(timeout=END_S)
        except RequestException:
            self._container.kill()
            self._container.wait(timeout=END_S)


def _bind(mount: Mount) -> BindMount:
    source = str(mount.host.absolute())
    return BindMount(mount.inside, source, type="bind", read_only=not mount.writable)
