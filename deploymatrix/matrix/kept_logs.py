"""The logs that a matrix names: regular files in the folder logs/ beside it, and no others."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import Field

# A matrix may come from anywhere: a shard, a download, a pull request. What it names is read, copied and linked to.
LogName = Annotated[str, Field(pattern=r"^logs/[A-Za-z0-9_.-]+\.txt$", max_length=4096)]
LARGEST = 1 << 23  # bytes that are read, of the end; a worker keeps 1 MiB


def kept_log(build: Path, name: str | None) -> Path | None:
    """Return the log's file; None where there is no log, or no regular file that is reached without a link."""
    if name is None:
        return None
    path = build.resolve() / name
    return path if path.resolve() == path and path.is_file() else None


def read_log(build: Path, name: str | None) -> str:
    """Return the text of a log, its end where it is very long; nothing where `kept_log` finds none."""
    path = kept_log(build, name)
    if path is None:
        return ""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return ""
        file.seek(max(0, status.st_size - LARGEST))
        return file.read(LARGEST).decode(errors="replace")
