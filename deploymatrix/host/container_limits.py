"""What a container of a runner may do: next to nothing. The engine is told all of it.

The worker is root in there, without any right of root but to take another user id and to end what runs under one.
Each task gets such an id. tests/hostile/ holds a running container to this table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.types import LogConfig, Ulimit

from deploymatrix.host import inside
from deploymatrix.host.engine_dialect import as_understood
from deploymatrix.project.runners import Tmp

# Rootless engines have 65,536 ids; below 20,000 are accounts of images, from 61,184 on those that systemd hands out.
FIRST_ID, IDS = 20_000, 40_000
CAPABILITIES = ("SETUID", "SETGID", "KILL")
# Folders of the engine's that every user may write to, whatever mode was asked for: the worker owns and closes them.
CLOSED = ("/tmp", "/dev/mqueue")
# Shared memory, message queues and semaphores that would outlive a task; without number, there are none.
NO_IPC = {"kernel.shmmni": "0", "kernel.msgmni": "0", "kernel.sem": "0 0 0 0", "fs.mqueue.queues_max": "0"}
OPEN_FILES = 4096
SPARE_PROCESSES = 64  # for the worker, its reaper, and what ends tasks
SPARE_MB = 64  # for the same
ROOM_SHARE = 0.5  # of a task's memory: what its folder may hold, which counts to its memory
WORKERS_TMP = "rw,noexec,nosuid,nodev,size=16m,mode=0755"  # frameworks look for one at import; tasks cannot write there
SHARED = "rw,noexec,nosuid,nodev,size=256m,mode=1777"
INODES = 16_384  # files and folders in a task's folder


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a container's tasks may use: MiB and processes of each, cores of all, and how many there are at once.

    `loopback`: they talk by TCP inside of the container. `shared`: folders of all of them.
    """

    memory_mb: int
    pids: int = 512
    cpus: float | None = None
    tasks: int = 1
    tmp: Tmp = field(default_factory=Tmp)
    loopback: bool = False
    shared: Sequence[str] = ()

    @property
    def rooms(self) -> Sequence[str]:
        """The folders of tasks, each a file system in memory."""
        return [f"{inside.ROOMS}/{number}" for number in range(self.tasks)]

    @property
    def room_mb(self) -> int:
        return max(self.tmp.size_mb, int(self.memory_mb * ROOM_SHARE))

    def principals(self) -> dict[str, Any]:
        """Return what `hello` tells the worker of its tasks' ids and folders."""
        ids = {"first": FIRST_ID, "count": IDS}
        closed = [folder for folder in CLOSED if folder not in self.shared]
        given = {**ids, "rooms": list(self.rooms), "processes": self.pids, "closed": closed}
        return {**given, "loopback": self.loopback, "shared": list(self.shared)}


def limits(client: docker.DockerClient, bounds: Bounds) -> dict[str, Any]:
    """Return the engine's options for a container with neither network nor privileges, in which nothing can be kept."""
    cores = min(bounds.cpus, client.info()["NCPU"]) if bounds.cpus else None
    memory = f"{bounds.memory_mb * bounds.tasks + SPARE_MB}m"
    options = {
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "security_opt": ["no-new-privileges"],
        "init": True,  # it takes in what tasks leave; without it, no signal that the worker sends itself would end it
        "user": "0:0",
        "ipc_mode": "none",  # no /dev/shm, which tasks would share
        "sysctls": NO_IPC,
        "pids_limit": bounds.pids * bounds.tasks + SPARE_PROCESSES,
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": int(cores * 1e9) if cores else None,
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES),
        ],
        "log_config": LogConfig(type="none"),  # the engine would keep what the worker writes, without bound
        "tmpfs": {
            "/tmp": WORKERS_TMP,
            **dict.fromkeys(bounds.shared, SHARED),
            **{room: _options(bounds) for room in bounds.rooms},
        },
    }
    return as_understood(client, options)


def limits_alone(client: docker.DockerClient, bounds: Bounds) -> dict[str, Any]:
    """Return the options for one program that is no worker: it is nobody, and its /tmp is its room."""
    folders = {**dict.fromkeys(bounds.shared, SHARED), "/tmp": _options(bounds, mode="1777")}
    nobody = {"user": f"{FIRST_ID}:{FIRST_ID}", "cap_add": [], "tmpfs": folders}
    return as_understood(client, {**limits(client, bounds), **nobody})


def _options(bounds: Bounds, mode: str = "0711") -> str:
    execution = "exec" if bounds.tmp.exec else "noexec"
    return f"rw,{execution},nosuid,nodev,size={bounds.room_mb}m,nr_inodes={INODES},mode={mode}"
