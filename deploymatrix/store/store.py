"""The store: results, each under the digest of all that it depends on.

An entry is a folder: `record.json` (facts about it, and the SHA-256 and size of each file) beside `files/`, if it has
any. The store makes it under a temporary name and renames it when it is whole: an entry is either there or not. Beside
them lies `stamps.json`, by which a later process knows what nobody has touched since.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from deploymatrix.errors import StoreCorrupted
from deploymatrix.store import digests
from deploymatrix.store.entries import RECORD, Entry, FileRecord, Kind, Record, digest_of
from deploymatrix.store.files import naming, write_synced
from deploymatrix.store.stamps import Stamp, Stamps, read_stamps, settled, stamped, write_stamps


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
        self._read: dict[tuple[Kind, str], int] = {}  # hash of the stamps of what this process has read
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
            with naming(path), self._locked(fcntl.LOCK_SH):
                written, noted = path.read_bytes(), read_stamps(folder)
                record = RECORD.validate_json(written)
                os.utime(path)  # the time of last use: from now on `remove_unused` leaves it to this run
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        whole = (record.kind, record.key, record.digest) == (kind, key, digest_of(record.files, record.about))
        is_as_written = noted.record in ("", digests.of_bytes(written))
        return Entry(self.root, record) if whole and is_as_written else None

    def drop(self, kind: Kind, key: str) -> None:
        """Forget an entry, if there is one."""
        trash = self.root / kind / f".old-{key}-{os.getpid()}"
        with self._locked(fcntl.LOCK_EX):
            if not (self.root / kind / key).exists():
                return
            (self.root / kind / key).rename(trash)
        shutil.rmtree(trash, ignore_errors=True)  # the next run sweeps what stays

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
        shutil.rmtree(trash, ignore_errors=True)  # the next run sweeps what stays
        return True

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Lock the store between processes: many may read, one may replace or remove."""
        with (self.root / ".lock").open("ab") as file:
            fcntl.flock(file, how)
            yield

    def verify(self, entry: Entry) -> None:
        """Read every file once per process, again where it has changed since, and compare it with the record.

        Raise StoreCorrupted naming the first file that is missing, added or changed.
        """
        paths, (now, at_ns) = _look(entry)
        id_ = (entry.record.kind, entry.record.key)
        if self._read.get(id_) != hash(frozenset(now.items())):
            _compare(entry, paths, now)
            self._read[id_] = hash(frozenset(settled(now, at_ns).items()))

    def verify_quickly(self, entry: Entry) -> None:
        """Do as `verify` does, but read only what somebody has touched since any process has read it."""
        paths, (now, at_ns) = _look(entry)
        known = read_stamps(entry.folder).files
        unread = {name: path for name, path in paths.items() if now[name] != known.get(name)}
        _compare(entry, unread, now)
        if unread:
            record = digests.of_file(entry.folder / "record.json")
            write_stamps(entry.folder, Stamps(record=record, files=settled(now, at_ns)))

    def is_intact(self, entry: Entry) -> bool:
        """Tell whether `verify` finds no fault: for what can be made again at once."""
        try:
            self.verify(entry)
        except StoreCorrupted:
            return False
        return True

    def damage(self, entry: Entry) -> str | None:
        """Say what `verify_quickly` finds; None where the entry is what its record says."""
        try:
            self.verify_quickly(entry)
        except StoreCorrupted as error:
            return str(error)
        return None

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
            listed, stamps = _list_files(temporary / "files") if files is not None else ({}, {})
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
            written = RECORD.dump_json(record, indent=1)
            write_synced(temporary / "record.json", written)
            write_stamps(temporary, Stamps(record=digests.of_bytes(written), files=stamps))
            final = self.root / kind / key
            with self._locked(fcntl.LOCK_EX):
                _replace_folder(temporary, final)
        self._read.pop((kind, key), None)
        return Entry(self.root, record)

    @contextmanager
    def _new_folder(self, kind: Kind) -> Iterator[Path]:
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder(kind)))
        temporary.chmod(0o755)  # mkdtemp makes it private; a container's user must read it
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _look(entry: Entry) -> tuple[dict[str, str], tuple[dict[str, Stamp], int]]:
    """Return the paths of an entry's files, their stamps, and when these were taken."""
    paths = dict(_files(entry.files)) if entry.files.is_dir() else {}
    return paths, stamped(paths.items())


def _compare(entry: Entry, unread: Mapping[str, str], there: Collection[str]) -> None:
    """Compare with the record which files are there, and what the unread ones hold. Raise StoreCorrupted."""
    for name in sorted(set(there) ^ set(entry.record.files)):
        state = "was added" if name in there else "is missing"
        raise StoreCorrupted(f"{name} {state} after the manifest was written")
    for name, path in unread.items():
        recorded, actual = entry.record.files[name].sha256, digests.of_file(path)
        if actual != recorded:
            raise StoreCorrupted(
                f"{name} changed after its manifest was written: sha256 is {actual[:12]}…, "
                f"the manifest says {recorded[:12]}…; `deploymatrix run --fresh` makes it again"
            )


def _list_files(folder: Path) -> tuple[dict[str, FileRecord], dict[str, Stamp]]:
    """Return the files as the record names them, and the stamps that prove that they are still so."""
    paths = dict(sorted(_files(folder)))
    stamps, at_ns = stamped(paths.items())
    files = {name: FileRecord(sha256=digests.of_file(path), bytes=stamps[name][0]) for name, path in paths.items()}
    return files, settled(stamps, at_ns)


def _files(folder: str | Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the files at any depth: (relative name with slashes, path). Raise StoreCorrupted for a link.

    A run lists thousands of small entries: pathlib's rglob takes five times as long.
    """
    with os.scandir(folder) as items:
        for item in items:
            if item.is_symlink():
                raise StoreCorrupted(f"{item.name} is a symbolic link; a result must hold its own bytes")
            if item.is_dir(follow_symlinks=False):
                yield from _files(item.path, f"{prefix}{item.name}/")
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
