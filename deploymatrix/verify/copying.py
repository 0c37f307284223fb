"""Copies of files that somebody else made: regular files only, each opened by its folder's descriptor.

A path is looked up once. After that only descriptors count, and no link is followed: whoever swaps a name meanwhile,
for a link or a pipe, gets a refusal and no other file is read.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploymatrix.errors import ConfigurationError

DEEPEST = 32  # folders in folders; a SavedModel has two
MOST = 10_000  # files and folders of one artifact

KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
REMEDY = "an artifact consists of regular files inside its own folder: put a copy of what is meant there"


def copy_file(file: Path, folder: Path) -> None:
    """Copy a file into `folder`, with those beside it whose names continue its own: model.onnx.data holds weights.

    Raise ConfigurationError where one of them is no regular file; folders beside it do not belong to it.
    """
    with _opened_folder(file.parent) as parent:
        for name in sorted(os.listdir(parent)):
            beside = name != file.name
            if name.startswith(file.name) and not (beside and stat.S_ISDIR(_mode(name, parent))):
                _copy_entry(name, parent, file.with_name(name), folder)


def copy_referred(path: str, beside: Path, folder: Path) -> None:
    """Copy the file "inner/name" of the folder in which the file `beside` lies into `folder`, below the same path.

    Raise ConfigurationError where it is no regular file, or is reached by a link.
    """
    with _opened_folder(beside.parent) as parent:
        _copy_below(path.split("/"), parent, beside.parent, folder)


def copy_folder(source: Path, folder: Path) -> None:
    """Copy the content of a folder into `folder`. Raise ConfigurationError for what is neither folder nor file."""
    with _opened_folder(source) as descriptor:
        _copy_content(descriptor, source, folder, [MOST], DEEPEST)


def _copy_below(parts: list[str], parent: int, source: Path, folder: Path) -> None:
    name, *inner = parts
    shown = source / name
    if not inner:
        if not (folder / _checked(name, shown)).exists():  # an earlier copy: its name continues the artifact's own
            _copy_entry(name, parent, shown, folder)
        return
    mode = _mode(name, parent)
    if not stat.S_ISDIR(mode):
        raise ConfigurationError(f"{shown}: this is {_kind(mode)} where the artifact has a folder; {REMEDY}")
    (folder / _checked(name, shown)).mkdir(exist_ok=True)
    with _opened(name, os.O_DIRECTORY, shown, parent) as descriptor:
        _copy_below(inner, descriptor, shown, folder / name)


def _copy_content(descriptor: int, source: Path, folder: Path, left: list[int], depth: int) -> None:
    """Copy what a folder holds. left: how many more files and folders there may be in all."""
    for name in sorted(os.listdir(descriptor)):
        left[0] -= 1
        if left[0] < 0 or depth == 0:
            raise ConfigurationError(
                f"{source}: holds more than {MOST} files, or folders more than {DEEPEST} deep: this is no artifact"
            )
        if not stat.S_ISDIR(_mode(name, descriptor)):
            _copy_entry(name, descriptor, source / name, folder)
            continue
        (folder / _checked(name, source / name)).mkdir()
        with _opened(name, os.O_DIRECTORY, source / name, descriptor) as inner:
            _copy_content(inner, source / name, folder / name, left, depth - 1)


def _copy_entry(name: str, parent: int, shown: Path, folder: Path) -> None:
    """Copy one file of an opened folder. The kind is asked before opening: to open a device can be to act on it."""
    _require_regular(_mode(name, parent), shown)
    with _opened(name, os.O_NONBLOCK, shown, parent) as descriptor:
        status = os.fstat(descriptor)
        _require_regular(status.st_mode, shown)
        _require_room(status.st_size, shown, folder)
        target = os.open(folder / _checked(name, shown), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(descriptor, "rb", closefd=False) as reader, open(target, "wb") as writer:
            shutil.copyfileobj(reader, writer)


def _require_regular(mode: int, shown: Path) -> None:
    if not stat.S_ISREG(mode):
        raise ConfigurationError(f"{shown}: this is {_kind(mode)}, which is not read; {REMEDY}")


def _kind(mode: int) -> str:
    if not mode:
        return "not there"
    return next((words for fits, words in KINDS if fits(mode)), "no regular file")


def _checked(name: str, shown: Path) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{shown}: this name is not UTF-8; rename the file") from None
    return name


def _mode(name: str, parent: int) -> int:
    """Return the mode of an entry, 0 where it is gone: that is no file either."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


def _require_room(size: int, shown: Path, folder: Path) -> None:
    """Raise ConfigurationError for a file that would fill the disk: a sparse one may claim any size."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise ConfigurationError(f"{shown}: says that it has {size:,} bytes; {folder} has room for {free:,}")


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    """Open the folder that the user named: links on the way there are followed, inside it none is."""
    with _opened(path.resolve(), os.O_DIRECTORY, path, None) as descriptor:
        yield descriptor


@contextmanager
def _opened(path: str | Path, flags: int, shown: Path, parent: int | None) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=parent)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.ENXIO}:  # what it was a moment ago, it is no more
            raise ConfigurationError(f"{shown}: another thing took its place meanwhile; {REMEDY}") from None
        raise ConfigurationError(f"{shown}: this cannot be read: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)
