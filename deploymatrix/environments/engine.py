"""The Docker engine that the user has chosen."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

ENGINE_ERRORS = (DockerException, RequestException)
ANSWER_S = 3  # an engine that is there answers a ping in milliseconds
CALL_S = 60


def engine() -> docker.DockerClient | None:
    """Return a client of the engine that the user has chosen (DOCKER_HOST, docker context); None when none answers."""
    try:
        options = {} if os.environ.get("DOCKER_HOST") else _context_options()
        with contextlib.closing(_client(ANSWER_S, options)) as client:
            client.ping()
        return _client(CALL_S, options)
    except (*ENGINE_ERRORS, OSError):
        return None


def _context_options() -> dict[str, Any]:
    """Return where the current docker context points (Docker Desktop has a socket of its own)."""
    context = docker.ContextAPI.get_current_context()
    if context is None or not context.Host:
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig or False}


def _client(timeout_s: int, options: dict[str, Any]) -> docker.DockerClient:
    if options:
        return docker.DockerClient(timeout=timeout_s, **options)
    return docker.from_env(timeout=timeout_s)
