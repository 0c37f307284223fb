"""A container's stdin, stdout and stderr as the engine's API multiplexes them."""

from __future__ import annotations

import select
import struct
import time
from collections.abc import Iterator
from typing import Any

import docker
from docker.models.containers import Container

STDOUT, STDERR = 1, 2
HEADER = struct.Struct(">BxxxL")
CHUNK = 1 << 20
MOST_FRAME = 64 << 20  # bytes; engines cut at 32 KiB


class Stream:
    """The raw connection to a container. Attach it before the container's start, so that no byte is lost."""

    def __init__(self, client: docker.DockerClient, container: Container) -> None:
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._owner: Any = client.api.attach_socket(str(container.id), params=params)
        # docker-py returns a socket, or a read-only SocketIO around one, as the transport has it.
        self._socket: Any = getattr(self._owner, "_sock", self._owner)
        self._socket.settimeout(None)  # a worker may be silent for longer than the API's calls may take

    def send(self, data: bytes, within_s: float) -> None:
        """Write to stdin. Raise OSError when the container has ended, TimeoutError when it does not read."""
        until, rest = time.monotonic() + within_s, memoryview(data)
        while rest:
            if not select.select([], [self._socket], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError(f"the worker takes nothing for {within_s:g} s")
            rest = rest[self._socket.send(rest[: select.PIPE_BUF]) :]

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield pieces of STDOUT and STDERR until the container ends or close() is called.

        https://docs.docker.com/reference/api/engine/ describes the format under ContainerAttach.
        """
        while header := self._exactly(HEADER.size):
            kind, size = HEADER.unpack(header)
            if size > MOST_FRAME:
                return
            data = self._exactly(size)
            if len(data) < size:
                return
            yield kind, data

    def close(self) -> None:
        self._owner.close()
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        """Return that many bytes, or none when the stream ends before."""
        data = bytearray()
        while len(data) < size:
            try:
                part = self._socket.recv(min(size - len(data), CHUNK))
            except OSError:  # closed, by another thread or by an engine that stopped
                return b""
            if not part:
                return b""
            data += part
        return bytes(data)
