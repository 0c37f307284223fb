"""What a container's tasks are given to read: each its own artifact and samples, and nothing of another task.

The container sees one folder of the host, read-only. A task's things lie in it under a name that nobody can guess; the
folder cannot be listed. They are hard links where the file system can, so that size costs nothing.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HIDDEN, OPEN = 0o711, 0o755


@dataclass(frozen=True)
class Mount:
    """A folder or file of the host, and the path where the container sees it, read-only."""

    host: Path
    inside: str


@dataclass
class LinkedStage:
    """The stage of one task: paths below the mounts are seen as they are, others are linked into its own folder."""

    mounts: Sequence[Mount]
    folder: Path
    inside: str
    linked: dict[Path, str] = field(default_factory=dict)

    @property
    def readable(self) -> Sequence[str]:
        return [self.inside]

    def translate(self, path: Path) -> str:
        absolute = path.absolute()
        for mount in sorted(self.mounts, key=lambda mount: len(mount.host.parts), reverse=True):
            if absolute.is_relative_to(mount.host.absolute()):
                return below(mount.inside, absolute.relative_to(mount.host.absolute()))
        root = whole_of(absolute)
        if root not in self.linked:
            place = self.folder / str(len(self.linked)) / root.name
            link(root, place)
            self.linked[root] = below(self.inside, place.relative_to(self.folder))
        return below(self.linked[root], absolute.relative_to(root))


class Inbox:
    """The folder of one container, in which each task gets a stage."""

    def __init__(self, folder: Path, inside: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(HIDDEN)
        self.mount = Mount(folder, inside)

    @contextmanager
    def stage(self, mounts: Sequence[Mount]) -> Iterator[LinkedStage]:
        name = secrets.token_hex(16)
        folder = self.mount.host / name
        folder.mkdir()
        folder.chmod(OPEN)
        try:
            yield LinkedStage(mounts, folder, f"{self.mount.inside}/{name}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def whole_of(path: Path) -> Path:
    """Return what belongs together with a path: an entry of the store has all its files in a folder `files`."""
    folders = [parent for parent in (path, *path.parents) if parent.name == "files"]
    return folders[0] if folders else path


def link(source: Path, place: Path) -> None:
    """Make `source` appear at `place`: files as hard links, copied where there can be none, and never a link's target.

    Raise ValueError for what is neither a file nor a folder.
    """
    if source.is_symlink() or not (source.is_dir() or source.is_file()):
        raise ValueError(f"{source} is neither a file nor a folder, so no container is given it")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.parent.chmod(OPEN)
    if source.is_dir():
        place.mkdir()
        place.chmod(OPEN)
        for item in source.iterdir():
            link(item, place / item.name)
        return
    try:
        if not source.stat().st_mode & 0o004:  # the container's user must read it, and the original stay as it is
            raise PermissionError
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, place)
        place.chmod(0o644)


def below(folder: str, path: Path) -> str:
    return folder if path == Path() else f"{folder}/{path.as_posix()}"
