"""Files that a process left in a folder, looked at before anything reads them: where a task shares the host's disk.

Only folders and regular files of this user with no other name are taken, opened without following links and without
waiting. A process of the same user can always do more; containers are for those.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from deploymatrix.host.delivery import MOST_FILES, NotDelivered

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
    count = 0
    for path, names, files, fd in os.fwalk(folder, follow_symlinks=False):
        count += len(names) + len(files)
        if count > MOST_FILES:
            raise NotDelivered(f"it left more than {MOST_FILES} files")
        for name in (*names, *files):
            problem = problem_of(os.lstat(name, dir_fd=fd))
            if problem:
                raise NotDelivered(f"it left {problem}: {os.path.relpath(os.path.join(path, name), folder)}")


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
