"""The store: results, each under the digest of all that it depends on.

An entry is a folder: `record.json` (facts about it, and the SHA-256 and size of each file) beside `files/`, if it has
any. The store makes it under a temporary name and renames it when it is whole: an entry is either there or not.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from deploymatrix.errors import StoreCorrupted
from deploymatrix.store import digests
from deploymatrix.store.entries import RECORD, Entry, FileRecord, Kind, Record, digest_of
from deploymatrix.store.files import write_synced


class StoredFolder(NamedTuple):
    """An entry as `clean` sees it: size in bytes, time of last use in seconds since the epoch."""

    folder: Path
    bytes: int
    used: float


class Store:
    """Entries by kind and key below one folder; several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self._verified: set[str] = set()
        self._made: set[Kind] = set()

    def folder(self, kind: Kind) -> Path:
        """Return the folder of the entries of a kind, and make it if need be."""
        folder = self.root / kind
        if kind not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(kind)
        return folder

    def get(self, kind: Kind, key: str) -> Entry | None:
        """Return the entry, or None when there is none or when its record has changed."""
        folder = self.root / kind / key
        path = folder / "record.json"
        try:
            with self._locked(fcntl.LOCK_SH):
                record = RECORD.validate_json(path.read_bytes())
                os.utime(path)  # the time of last use: from now on `remove_unused` leaves it to this run
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        whole = (record.kind, record.key, record.digest) == (kind, key, digest_of(record.files, record.about))
        return Entry(self.root, record) if whole else None

    def drop(self, kind: Kind, key: str) -> None:
        """Forget an entry, if there is one."""
        trash = self.root / kind / f".old-{key}-{os.getpid()}"
        with self._locked(fcntl.LOCK_EX):
            if not (self.root / kind / key).exists():
                return
            (self.root / kind / key).rename(trash)
        shutil.rmtree(trash)

    def entries(self) -> list[StoredFolder]:
        """List every entry's folder, size in bytes and time of last use, the longest unused first."""
        folders = []
        for record in self.root.glob("*/*/record.json"):
            files = [p.stat().st_size for p in record.parent.rglob("*") if p.is_file()]
            folders.append(StoredFolder(record.parent, sum(files), record.stat().st_mtime))
        return sorted(folders, key=lambda entry: (entry.used, entry.folder))

    def remove_unused(self, folder: Path, since: float) -> bool:
        """Remove an entry unless somebody used it at or after `since`; return whether it is gone."""
        trash = folder.with_name(f".old-{folder.name}")
        with self._locked(fcntl.LOCK_EX):
            if (folder / "record.json").stat().st_mtime >= since:
                return False
            folder.rename(trash)
        shutil.rmtree(trash)
        return True

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Lock the store between processes: many may read, one may replace or remove."""
        with (self.root / ".lock").open("ab") as file:
            fcntl.flock(file, how)
            yield

    def verify(self, entry: Entry) -> None:
        """Read every file once per process and compare it with the record.

        Raise StoreCorrupted naming the first file that is missing, added or changed.
        """
        if entry.record.key in self._verified:
            return
        paths = dict(_files(entry.files)) if entry.files.is_dir() else {}
        for name in sorted(set(paths) ^ set(entry.record.files)):
            state = "was added" if name in paths else "is missing"
            raise StoreCorrupted(f"{name} {state} after the manifest was written")
        for name, path in paths.items():
            recorded, actual = entry.record.files[name].sha256, digests.of_file(path)
            if actual != recorded:
                raise StoreCorrupted(
                    f"{name} changed after its manifest was written: sha256 is {actual[:12]}…, "
                    f"the manifest says {recorded[:12]}…; `deploymatrix run --fresh` makes it again"
                )
        self._verified.add(entry.record.key)

    def is_intact(self, entry: Entry) -> bool:
        """Tell whether `verify` finds no fault: for what can be made again at once."""
        try:
            self.verify(entry)
        except StoreCorrupted:
            return False
        return True

    def put(
        self,
        kind: Kind,
        key: str,
        files: Path | None,
        *,
        about: dict[str, Any],
        measured: dict[str, Any] | None = None,
        made_from: dict[str, Any] | None = None,
    ) -> Entry:
        """Move the folder `files`, if any, into the store as the entry `key`, in place of an earlier one.

        Raise StoreCorrupted when the folder holds a link: what it points to could change, or lie anywhere.
        """
        with self._new_folder(kind) as temporary:
            if files is not None:
                files.rename(temporary / "files")
            listed = _list_files(temporary / "files") if files is not None else {}
            digest = digest_of(listed, about)
            record = Record(
                kind=kind,
                key=key,
                digest=digest,
                files=listed,
                about=about,
                measured=measured or {},
                made_from=made_from or {},
            )
            write_synced(temporary / "record.json", RECORD.dump_json(record, indent=1))
            final = self.root / kind / key
            with self._locked(fcntl.LOCK_EX):
                _replace_folder(temporary, final)
        self._verified.discard(key)
        return Entry(self.root, record)

    @contextmanager
    def _new_folder(self, kind: Kind) -> Iterator[Path]:
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder(kind)))
        temporary.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _list_files(folder: Path) -> dict[str, FileRecord]:
    paths = sorted(_files(folder, refuse_links=True))
    return {name: FileRecord(sha256=digests.of_file(path), bytes=os.path.getsize(path)) for name, path in paths}


def _files(folder: str | Path, prefix: str = "", *, refuse_links: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the files at any depth: (relative name with slashes, path). Do not follow links to folders.

    A run lists thousands of small entries: pathlib's rglob takes five times as long.
    """
    with os.scandir(folder) as items:
        for item in items:
            if refuse_links and item.is_symlink():
                raise StoreCorrupted(f"{item.name} is a symbolic link; a result must hold its own bytes")
            if item.is_dir(follow_symlinks=False):
                yield from _files(item.path, f"{prefix}{item.name}/", refuse_links=refuse_links)
            elif item.is_file():
                yield f"{prefix}{item.name}", item.path


def _replace_folder(new: Path, final: Path) -> None:
    """Put `new` in the place of `final`, if there is one: rename() cannot replace a folder that is not empty."""
    try:
        new.rename(final)
    except OSError:
        if not final.exists():
            raise
        old = final.with_name(f".old-{new.name}")
        final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)
