"""The container engine that the user has chosen: Docker, or Podman by its Docker-compatible socket."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import docker
from docker.context.config import get_current_context_name
from docker.errors import DockerException
from requests.exceptions import RequestException

ENGINE_ERRORS = (DockerException, RequestException)
ANSWER_S = 3  # an engine that is there answers a ping in milliseconds
CALL_S = 60

GROUP = "you may not use it: join the group of its socket (which makes you root on this machine), or run a rootless one"


def engine() -> docker.DockerClient | None:
    """Return a client of the engine that the user has chosen; None when it does not answer.

    DOCKER_HOST chooses it, else DOCKER_CONTEXT, else the current docker context, as for the command docker.
    """
    try:
        return _reached()
    except (*ENGINE_ERRORS, OSError):
        return None


def complaint() -> str:
    """Return why the chosen engine does not answer, in a line; nothing when it does."""
    try:
        _reached().close()
    except (*ENGINE_ERRORS, OSError) as error:
        return GROUP if "Permission denied" in str(error) else str(error).splitlines()[0][:200]
    return ""


def missing_limits(client: docker.DockerClient) -> list[str]:
    """Return which limits the engine cannot set: a rootless one on cgroup v1, or without delegated controllers."""
    info = client.info()
    wanted = {"memory": "MemoryLimit", "swap": "SwapLimit", "processes": "PidsLimit", "CPUs": "CpuCfsQuota"}
    return [what for what, key in wanted.items() if info.get(key) is False]


def _reached() -> docker.DockerClient:
    """Return a client of the chosen engine, which has just answered. Raise one of ENGINE_ERRORS or OSError."""
    options = {} if os.environ.get("DOCKER_HOST") else _context_options()
    with contextlib.closing(_client(ANSWER_S, options)) as client:
        client.ping()
    return _client(CALL_S, options)


def _context_options() -> dict[str, Any]:
    """Return where the chosen context points (Docker Desktop and rootless Docker have a socket of their own)."""
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    context = docker.ContextAPI.get_context(name)
    if context is None:
        raise DockerException(f"there is no docker context {name!r}")
    if name == "default" or not context.Host:
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig or False}


def _client(timeout_s: int, options: dict[str, Any]) -> docker.DockerClient:
    if options:
        return docker.DockerClient(timeout=timeout_s, **options)
    return docker.from_env(timeout=timeout_s)
