"""The labels that tell a container's run, and the removal of the containers that a killed run left."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import docker
from docker.errors import NotFound

RUN = "deploymatrix.run"
HOST = "deploymatrix.host"
PID = "deploymatrix.pid"
STARTED = "deploymatrix.started"


def run_labels(run_id: str) -> dict[str, str]:
    """Return the labels of a container that this process starts for a run."""
    pid = os.getpid()
    return {RUN: run_id, HOST: _host(), PID: str(pid), STARTED: process_start(pid) or ""}


def reap(client: docker.DockerClient, run_id: str) -> int:
    """Remove all containers of a run, running or not; return how many."""
    return _remove(client, [c for c in _ours(client) if c["Labels"][RUN] == run_id])


def reap_stale(client: docker.DockerClient) -> int:
    """Remove the containers of runs whose process is gone; return how many.

    Containers stay that another host or another container started through the same engine: their processes cannot
    be seen from here.
    """
    return _remove(client, [c for c in _ours(client) if _is_stale(c["Labels"])])


def process_start(pid: int) -> str | None:
    """Return when the process started, in words that differ for another process of the same number; None for none."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return f"{boot}/{stat.rpartition(')')[2].split()[19]}"  # field 22, starttime: man 5 proc
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _ours(client: docker.DockerClient) -> list[dict[str, Any]]:
    """Return the engine's list. To inspect each container, as the SDK does by default, races with their removal."""
    listed: list[dict[str, Any]] = client.api.containers(all=True, filters={"label": RUN})
    return listed


def _remove(client: docker.DockerClient, containers: list[dict[str, Any]]) -> int:
    for container in containers:
        with contextlib.suppress(NotFound):
            client.api.remove_container(container["Id"], force=True)
    return len(containers)


def _is_stale(labels: dict[str, str]) -> bool:
    if labels.get(HOST) != _host() or not labels.get(PID, "").isdigit():
        return False
    return process_start(int(labels[PID])) != labels.get(STARTED)


def _host() -> str:
    """Return the name of this host and of this process's view of its processes, which a container has of its own."""
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{os.readlink(namespace) if namespace.exists() else ''}"
