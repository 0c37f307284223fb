"""A task as a principal of its own: a user id that no other task has, a folder that no other may enter, and one end.

The server needs CAP_SETUID, CAP_SETGID and CAP_KILL for it, so this is for containers; the host's `hello` says which
ids and which folders there are. Each folder is a small file system of its own: what fills it harms one task.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import os
import random
import resource
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import landlock
from .memory import PROC

if TYPE_CHECKING:
    from .protocol import PrincipalsGiven

HOME = "task"  # the name of a task's folder in the one that is given
SET_DUMPABLE = 4  # of prctl
SHELL = Path("/bin/sh")
# find and chmod go as deep as folders do; Python's recursion does not.
EMPTY = 'chmod -R u+rwx "$1" 2>/dev/null; find "$1" -mindepth 1 -delete 2>/dev/null'
OURS = Path(__file__).parents[1]  # of the container: all that the engine mounted lies below


@dataclass(frozen=True)
class Principal:
    """A user id, which is the group id too, the folder of one task, and how many processes and threads it may have.

    `loopback`: whether it may bind and connect by TCP, where the kernel can forbid it. `shared`: where it may
    write besides its own folder.
    """

    uid: int
    room: Path
    processes: int
    loopback: bool = False
    shared: tuple[str, ...] = ()

    @property
    def home(self) -> Path:
        return self.room / HOME

    def move_in(self) -> None:
        """Make the folder: the server owns it, and the task's group alone may use it."""
        os.setegid(self.uid)  # what is made now belongs to this group, and no right to change owners is needed
        try:
            self.home.mkdir()
        finally:
            os.setegid(os.getgid())
        self.home.chmod(0o770)

    def become(self, timeout_s: float) -> None:
        """Turn this process into the task's: its ids, its folder, its limits. There is no way back."""
        self._take_ids()
        ctypes.CDLL(None).prctl(SET_DUMPABLE, 1, 0, 0, 0)  # else it could not read its own /proc/self
        os.umask(0o077)
        tmp = self.home / "tmp"
        tmp.mkdir()
        os.chdir(tmp)
        os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "TMP", "TEMP"), str(tmp)))
        tempfile.tempdir = None  # it may remember where it found room before
        resource.setrlimit(resource.RLIMIT_NPROC, (self.processes, self.processes))
        cpu_s = cpu_seconds(timeout_s)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))

    def used_bytes(self) -> int:
        """Return what its folder holds, which is memory."""
        usage = os.statvfs(self.room)
        return (usage.f_blocks - usage.f_bfree) * usage.f_frsize

    def sweep(self) -> int:
        """Start a process that kills every other one of this user id, then empties the folder; return its pid.

        kill(-1) as that user reaches all of them at once, also those that fork meanwhile.
        """
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            self._take_ids()
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            if SHELL.exists():
                os.execv(SHELL, ["sh", "-c", EMPTY, "sh", str(self.home)])
            empty(self.home)
            status = 0
        finally:
            os._exit(status)

    def survivors(self, apart_from: int) -> list[int]:
        """List the processes that still run under this user id, real, effective, saved or for files."""
        return [pid for pid in processes_of(self.uid) if pid != apart_from]

    def move_out(self) -> bool:
        """Remove the emptied folder; return whether nothing is left of it."""
        with suppress(FileNotFoundError):
            try:
                self.home.rmdir()
            except OSError:
                return False
        return True

    def _take_ids(self) -> None:
        os.setgroups([])
        os.setresgid(self.uid, self.uid, self.uid)
        os.setresuid(self.uid, self.uid, self.uid)


class Principals:
    """Those that the host gives: a range of ids, taken in turn, and as many folders as there may be tasks at once."""

    def __init__(self, given: PrincipalsGiven) -> None:
        first, count = given["first"], given["count"]
        start = random.SystemRandom().randrange(count)  # containers share the kernel's counts by user id
        self.ids: Iterator[int] = (first + (start + n) % count for n in itertools.count())
        self.rooms = [Path(room) for room in given["rooms"]]
        self.processes = given["processes"]
        self.loopback = given.get("loopback", False)
        self.shared = tuple(given.get("shared", ()))
        for folder in given["closed"]:
            with suppress(OSError):  # it is not there, or the engine closed it
                Path(folder).chmod(0o755)

    def take(self) -> Principal:
        """Return the next principal, moved in. Raise RuntimeError when every folder is in use."""
        if not self.rooms:
            raise RuntimeError("more tasks at once than the host gave folders for")
        room = self.rooms.pop()
        principal = Principal(next(self.ids), room, self.processes, self.loopback, self.shared)
        try:
            principal.move_in()
        except OSError:
            self.rooms.append(principal.room)
            raise
        return principal

    def give_back(self, principal: Principal) -> None:
        self.rooms.append(principal.room)


def confine(principal: Principal, readable: list[str]) -> None:
    """Give up all files but the system's, the worker's, the task's own folder and what it was given to read."""
    top = [Path("/", name) for name in os.listdir("/") if Path("/", name) != OURS]
    code = [path for path in OURS.iterdir() if path.name in ("worker", "target", "modules")]
    writable = [principal.home, Path(os.devnull), *map(Path, principal.shared)]
    landlock.restrict([*top, *code, *map(Path, readable)], writable, tcp=principal.loopback)


def cpu_seconds(timeout_s: float) -> int:
    """Return what one process can use in that time on all cores, and a little more: the time limit strikes before."""
    return math.ceil(timeout_s * (os.cpu_count() or 1)) + 10


def processes_of(uid: int) -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # ended meanwhile
                if is_alive_as(uid, (entry / "status").read_bytes()):
                    yield int(entry.name)


def is_alive_as(uid: int, status: bytes) -> bool:
    """Tell it from the text of /proc/<pid>/status; a zombie is dead."""
    fields = dict(line.split(b":", 1) for line in status.splitlines() if b":" in line)
    return b"%d" % uid in fields[b"Uid"].split() and fields[b"State"].split()[0] not in (b"Z", b"X")


def empty(folder: Path) -> None:
    """Remove what the folder holds, whatever modes its folders were given."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            entry.chmod(0o700)
            empty(entry)
            entry.rmdir()
        else:
            entry.unlink()
