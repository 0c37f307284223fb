"""Landlock: a process gives up, for itself and all that it starts, every file that it does not need. Linux 5.13.

https://docs.kernel.org/userspace-api/landlock.html gives the calls and the bits. No privilege is needed; where the
kernel has it not, user ids and mounts alone hold.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same number on every architecture
VERSION = 1  # flag of CREATE_RULESET: return the version
PATH_BENEATH = 1
NO_NEW_PRIVS = 38  # of prctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
# By version: what each handles of files, of the network (bind and connect by TCP), and of signals and sockets.
FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
NET, NET_SINCE = 0b11, 4
SCOPES, SCOPES_SINCE = 0b11, 6

READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # what a rule for a file may name


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"  # what _pack_ means, said aloud as newer Pythons want it
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the kernel's version of Landlock; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, syscall(CREATE_RULESET, None, 0, VERSION))


def restrict(readable: Iterable[Path], writable: Iterable[Path], *, tcp: bool = False) -> bool:
    """Leave this process nothing but these paths and what lies below them; return whether the kernel did.

    Where the kernel knows of that, it can then neither signal a process outside nor, without `tcp`, bind or connect by
    TCP.
    """
    abi = version()
    if abi == 0:
        return False
    files = FILES[max(known for known in FILES if known <= abi)]
    rules = Ruleset(files, NET if abi >= NET_SINCE and not tcp else 0, SCOPES if abi >= SCOPES_SINCE else 0)
    size = 24 if abi >= SCOPES_SINCE else 16 if abi >= NET_SINCE else 8
    ruleset = syscall(CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            allow(ruleset, path, READ & files)
        for path in writable:
            allow(ruleset, path, files)
        libc().prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
        return syscall(RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def allow(ruleset: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # it is not there, or not for us: nothing to allow
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            beneath = Beneath(rights if path.is_dir() else rights & ON_FILES, fd)
            syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(beneath), 0)
        finally:
            os.close(fd)


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: object) -> int:
    return int(libc().syscall(number, *arguments))
