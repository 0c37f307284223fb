"""Files that a process left in a folder, looked at before anything reads them: where a task shares the host's disk.

Only folders and regular files of this user with no other name are taken, opened without following links and without
waiting. A process of the same user can always do more; containers are for those.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from deploymatrix.host.delivery import MOST_PARTS, NotDelivered
from deploymatrix.host.messages import MOST_FILES

KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_left(folder: Path) -> None:
    """Raise NotDelivered unless the folder, if it is there, holds folders and regular files of this user alone."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        raise NotDelivered(f"it left {kind_of(status)} in the place of the folder {folder.name}")
    count, left = 0, [(folder, 1)]
    while left:  # no recursion: a task makes folders as deep as it likes
        path, depth = left.pop()
        for entry in os.scandir(path):
            count += 1
            status = entry.stat(follow_symlinks=False)
            problem = problem_of(status) or too_many(count, depth)
            if problem:
                raise NotDelivered(f"it left {problem}: {os.path.relpath(entry.path, folder)[:200]}")
            if stat.S_ISDIR(status.st_mode):
                left.append((Path(entry.path), depth + 1))


def remove(folder: Path) -> None:
    """Remove a folder that a task could write to, as far as that is possible, however deep it is."""
    if folder.is_symlink():
        return
    with suppress(RecursionError):  # rmtree calls itself for each level, or has a descriptor for each (Python 3.13)
        shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, check=False)


def too_many(count: int, depth: int) -> str:
    if count > MOST_FILES:
        return f"more than {MOST_FILES:,} files"
    return f"folders more than {MOST_PARTS} deep" if depth > MOST_PARTS else ""


def problem_of(status: os.stat_result) -> str:
    """Say what a file is that may not be taken; nothing for a folder and for a regular file."""
    if stat.S_ISDIR(status.st_mode):
        return "" if status.st_uid == os.geteuid() else "a folder of another user"
    if not stat.S_ISREG(status.st_mode):
        return kind_of(status)
    if status.st_uid != os.geteuid():
        return "a file of another user"
    return "a file with another name elsewhere" if status.st_nlink > 1 else ""


def kind_of(status: os.stat_result) -> str:
    return KINDS.get(stat.S_IFMT(status.st_mode), "a file")
