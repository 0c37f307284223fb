"""A worker in a container: no network, no privileges, nothing of the host to write to, and to read what its tasks get.

The channel is the container's own stdin and stdout through the engine's API, so it works wherever the engine runs.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import Mount as BindMount
from requests.exceptions import RequestException

from deploymatrix.environments.engine import ENGINE_ERRORS
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.channel import Stage
from deploymatrix.host.container_limits import Bounds, limits
from deploymatrix.host.container_stream import STDERR, STDOUT, Stream
from deploymatrix.host.inbox import Inbox, Mount
from deploymatrix.host.reaping import run_labels

if TYPE_CHECKING:
    from deploymatrix.environments.images import Image

END_S = 10  # between the end of the container's output and its end
TAIL_BYTES = 16 * 1024


def container_channel(
    client: docker.DockerClient,
    image: Image,
    mounts: Sequence[Mount],
    bounds: Bounds,
    *,
    inbox: Inbox,
    run_id: str,
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
) -> ContainerChannel:
    """Start a container of `image` and return the line to its worker.

    mounts: what every task may read. inbox: where each gets its own. command: what starts the worker.
    variables: set beside those of the image.
    Raise EnvironmentFailed when the engine refuses.
    """
    try:
        container = client.containers.create(
            image.id,
            list(command),
            environment=dict(variables or {}),
            labels=run_labels(run_id),
            mounts=[_bind(mount) for mount in (*mounts, inbox.mount)],
            stdin_open=True,
            **limits(client, bounds),
        )
        return ContainerChannel(client, container, mounts, inbox, bounds)
    except ENGINE_ERRORS as error:
        raise EnvironmentFailed(f"{image.tag}: the engine does not start a container of it: {error}") from error


class ContainerChannel:
    """The line to a worker in a container; see Channel for its methods. It removes the container that has ended."""

    shares_disk = False

    def __init__(
        self,
        client: docker.DockerClient,
        container: Container,
        mounts: Sequence[Mount],
        inbox: Inbox,
        bounds: Bounds,
    ) -> None:
        self.principals: dict[str, Any] | None = bounds.principals()
        self._client = client
        self._container = container
        self._mounts = mounts
        self._inbox = inbox
        self._state: dict[str, Any] | None = None
        self._tail = b""
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

    def send(self, line: bytes, within_s: float) -> None:
        """Write a line, newline included. Raise OSError when the worker has ended or does not read."""
        self._stream.send(line, within_s)

    def chunks(self) -> Iterator[bytes]:
        """Yield what the worker writes to stdout until it ends. Keep the last of stderr for cause_of_death()."""
        for kind, data in self._stream.frames():
            if kind == STDERR:
                self._tail = (self._tail + data)[-TAIL_BYTES:]
            if kind == STDOUT:
                yield data
        self._settle()

    def stage(self) -> contextlib.AbstractContextManager[Stage]:
        """Give a stage in the inbox, for one task."""
        return self._inbox.stage(self._mounts)

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
    return BindMount(mount.inside, str(mount.host.absolute()), type="bind", read_only=True)
