"""What a container of a runner may do: next to nothing. The engine is told all of it."""

from __future__ import annotations

import os
from typing import Any

import docker

from deploymatrix.project.runners import Tmp

RUNNER_USER = 65532  # "nonroot" of the distroless images: no account of any distribution has it


def limits(client: docker.DockerClient, *, memory_mb: int, cpus: float | None, pids: int, tmp: Tmp) -> dict[str, Any]:
    """Return the engine's options for a container with neither network nor privileges.

    memory_mb: MiB, with no swap beyond. cpus: cores; None for as many as there are.
    """
    cores = min(cpus, client.info()["NCPU"]) if cpus else None
    return {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "init": True,  # without it, a signal that a process sends to itself ends nothing: it is number 1
        "user": f"{RUNNER_USER}:{RUNNER_USER}" if os.getuid() == 0 else f"{os.getuid()}:{os.getgid()}",
        "pids_limit": pids,
        "mem_limit": f"{memory_mb}m",
        "memswap_limit": f"{memory_mb}m",
        "nano_cpus": int(cores * 1e9) if cores else None,
        "tmpfs": {"/tmp": _options(tmp)},
    }


def _options(tmp: Tmp) -> str:
    return f"rw,{'exec' if tmp.exec else 'noexec'},nosuid,nodev,size={tmp.size_mb}m,mode=1777"
