"""Which images are ours: noted by the engine's id when they were built, in folders that no image can write to.

An id is a digest of the image's content: a noted id names what was built, whatever a tag or a label says. The notes lie
in the build folder, which moves with its project, and in the user's state folder, which all projects share.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class ImageNotes:
    """The notes in some folders: `<folder>/<digest of what it was made from>/<id>.json`."""

    folders: tuple[Path, ...]

    def has(self, digest: str, image_id: str) -> bool:
        """Tell whether an image of this id was built from that. What others could have written does not count."""
        return any(_is_ours(_path(folder, digest, image_id)) for folder in self.folders)

    def add(self, digest: str, image_id: str, about: Mapping[str, str]) -> None:
        """Note in every folder that has it not yet. A state folder that cannot be written to is passed over.

        Raise OSError when the first folder, the build folder's, cannot be written to.
        """
        for number, folder in enumerate(self.folders):
            path = _path(folder, digest, image_id)
            if _is_ours(path):
                continue
            try:
                _write(path, json.dumps({**about, "id": image_id}, indent=1, sort_keys=True) + "\n")
            except OSError:
                if number == 0:
                    raise


def notes_of(build: Path) -> ImageNotes:
    """Return the notes of a build folder and of this user."""
    return ImageNotes((build / "images", state_folder()))


def state_folder() -> Path:
    """Return where this user's notes lie: below XDG_STATE_HOME, which is absolute by its specification, or in ~."""
    home = os.environ.get("XDG_STATE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~/.local/state"))
    return base / "deploymatrix" / "images"


def usable(folder: Path) -> bool:
    """Tell whether notes in this folder count, or could be written and would count then."""
    if folder.exists():
        return os.access(folder, os.W_OK) and _is_mine(folder.stat())
    above = next(parent for parent in folder.parents if parent.exists())
    return above.is_dir() and os.access(above, os.W_OK)


def _path(folder: Path, digest: str, image_id: str) -> Path:
    return folder / digest / f"{image_id.removeprefix('sha256:')}.json"


def _is_ours(path: Path) -> bool:
    """Tell whether a note is there that only this user can have written: its file and the folders of its digest."""
    try:
        statuses = [os.lstat(part) for part in (path, path.parent, path.parent.parent)]
    except OSError:
        return False
    return stat.S_ISREG(statuses[0].st_mode) and all(map(_is_mine, statuses))


def _is_mine(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & WRITABLE_BY_OTHERS


def _write(path: Path, text: str) -> None:
    """Write whole or not at all: folders 0700, files 0600."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=".note-", dir=path.parent)  # its mode is 0600
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
