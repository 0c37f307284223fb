"""What an engine understands otherwise than Docker does, so that a container is as closed there as it is here."""

from __future__ import annotations

import re
from typing import Any

import docker
from docker.types import Ulimit

CLOSED = "ro,noexec,nosuid,nodev,size=4k,mode=0700"
PROCESSES = 4096


def as_understood(client: docker.DockerClient, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a container in the words of its engine. To do so twice changes nothing more."""
    return _for_podman(options) if is_podman(client.version()) else options


def is_podman(version: dict[str, Any]) -> bool:
    """Tell whether an engine's answer about its version is Podman's."""
    return any("Podman" in component.get("Name", "") for component in version.get("Components") or ())


def _for_podman(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out and close what Podman 4.3 knows otherwise.

    It refuses a number of inodes; the memory that they take counts to the container's. On a read-only file system it
    makes /run and /var/tmp writable, for everybody and without a size. Where no number of processes is set, it wants
    1,048,576, which it may not set in a machine that is a guest.
    """
    rooms = {path: re.sub(r",nr_inodes=\d+", "", text) for path, text in options["tmpfs"].items()}
    others = [limit for limit in options["ulimits"] if limit.name != "nproc"]
    return {
        **options,
        "tmpfs": {"/run": CLOSED, "/var/tmp": CLOSED, **rooms},
        "ulimits": [*others, Ulimit(name="nproc", soft=PROCESSES, hard=PROCESSES)],
    }
