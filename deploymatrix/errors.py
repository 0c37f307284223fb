"""Every exception that deploymatrix raises on purpose, with its exit code.

Failures of models, exporters and runtimes are not exceptions here: they are outcomes, recorded in the matrix.
"""

from __future__ import annotations

import errno
import os

OK = 0
GATE_FAILED = 1
USAGE = 2
NOTHING_SELECTED = 3
INCOMPLETE = 4
INTERRUPTED = 130


class DeploymatrixError(Exception):
    """Base of all of them. The message says what is wrong, where, and what to change."""

    exit_code = INCOMPLETE


class ConfigurationError(DeploymatrixError):
    """A TOML file, an option or a name that the user gave is wrong."""

    exit_code = USAGE


class NothingSelected(DeploymatrixError):
    """The selection matches no cell."""

    exit_code = NOTHING_SELECTED


class EnvironmentFailed(DeploymatrixError):
    """An environment, an image or a container could not be made."""


class PackagesFailed(EnvironmentFailed):
    """A model's packages could not be laid over an environment, which itself is whole. The message says whose."""


class IncompleteRun(DeploymatrixError):
    """Results that were asked for do not exist (yet)."""


class RedRun(DeploymatrixError):
    """Results that were asked for are red."""

    exit_code = GATE_FAILED


class StoreCorrupted(DeploymatrixError):
    """A stored file is not what its manifest says."""


class DiskFault(DeploymatrixError):
    """The file system refuses: it is full, read-only, not ours or broken. Nothing is known of any task."""


# Faults of a machine, by number: what its user can do. Other errors of the system are faults of our own.
_remedies = {
    errno.ENOSPC: "free some space there, as with `deploymatrix clean --max-size 10GB`",
    errno.EDQUOT: "free some of your quota, as with `deploymatrix clean --max-size 10GB`",
    errno.EFBIG: "raise the limit of file sizes (`ulimit -f`)",
    errno.EROFS: "make it writable, or choose another folder by --build-dir",
    errno.EACCES: "give this user the right to it, or choose another folder by --build-dir",
    errno.EPERM: "give this user the right to it, or choose another folder by --build-dir",
    errno.EIO: "the disk may be failing: look into the system's log, then remove that file",
    errno.ENOTDIR: "move that away, or choose another folder by --build-dir",
    errno.EEXIST: "move that away, or choose another folder by --build-dir",
    errno.EISDIR: "move that folder away",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`), or use fewer --jobs",
    errno.ENFILE: "raise the system's limit of open files",
    errno.ESTALE: "the file system has gone away: mount it again",
}


def disk_fault(error: OSError) -> DiskFault | None:
    """Return what the user can be told in a sentence; None for what is a fault of our own."""
    remedy = _remedies.get(error.errno or 0)
    if remedy is None:
        return None
    path = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "a file"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        path, what = _in_the_way(path), "is not a folder, where one is needed"
    else:
        what = (error.strerror or "the system refuses").lower()
    return DiskFault(f"{path}: {what}; {remedy}")


def _in_the_way(path: str) -> str:
    """Return the path itself, or the one above it that is there and no folder."""
    above = path
    while above != os.path.dirname(above):
        if os.path.lexists(above) and not os.path.isdir(above):
            return above
        above = os.path.dirname(above)
    return path
