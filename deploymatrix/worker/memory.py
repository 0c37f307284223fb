"""The memory that a process group holds, and the kernel's kills for lack of it.

On Linux the figures come from /proc, elsewhere from `ps`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
ON_LINUX = (PROC / "self/statm").exists()
MEMBERS_S = 0.5  # a group's members are looked up this often; their sizes at each call
MIB = 1 << 20


class GroupMemory:
    """Resident memory of one process group; where the task has a user id of its own, of all of that user's."""

    def __init__(self, group: int, list_members: Callable[[], list[int]] | None = None) -> None:
        self.group = group
        self.list_members = list_members or (lambda: members(group))
        self.members = [group]
        self.looked_up = time.monotonic()
        self.known_mb = 0.0

    def resident_mb(self, limit_mb: float) -> float:
        """Return the MiB now. Pages that forked members share count once as soon as the plain sum passes the limit."""
        stale = time.monotonic() - self.looked_up > MEMBERS_S
        if stale:
            self.looked_up = time.monotonic()
        if not ON_LINUX:
            self.known_mb = resident_mb_by_ps(self.group) if stale else self.known_mb
            return self.known_mb
        if stale:
            self.members = self.list_members()
        total = sum(map(resident, self.members)) / MIB
        if total > limit_mb and len(self.members) > 1:
            return sum(map(proportional, self.members)) / MIB
        return total


def members(group: int) -> list[int]:
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # ended meanwhile
                # After the command's name, which is in brackets and may hold anything: state, ppid, pgrp.
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if int(fields[2]) == group:
                    found.append(int(entry.name))
    return found


def resident(pid: int) -> int:
    with suppress(OSError):
        return int((PROC / str(pid) / "statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def proportional(pid: int) -> int:
    """Return the resident bytes, each shared page divided by the number of processes that share it.

    Where the kernel does not tell, as of another user's process, shared pages count in full.
    """
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    return resident(pid)


def resident_mb_by_ps(group: int) -> float:
    listing = subprocess.run(["ps", "-axo", "pgid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return sum(int(row[1]) for row in rows if int(row[0]) == group) / 1024


def oom_kills() -> int | None:
    """Return how often the OOM killer struck in this control group (v2 or v1); None where that cannot be read."""
    for counter in counters():
        with suppress(OSError):
            for line in counter.read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return None


def counters() -> list[Path]:
    """Return the files that may hold the counter. A container sees its own group at the root of the mount."""
    root = Path("/sys/fs/cgroup")
    own: list[Path] = []
    with suppress(OSError):
        for line in (PROC / "self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                own.append(root / path.lstrip("/") / "memory.events")
            elif "memory" in controllers.split(","):
                own.append(root / "memory" / path.lstrip("/") / "memory.oom_control")
    return [*own, root / "memory.events", root / "memory/memory.oom_control"]
