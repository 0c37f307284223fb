"""What the file system says of an entry's files: enough to tell, without reading them, that nobody has written to them.

A user can set a file's times but for the one of its last change (ctime): whoever writes to a file, replaces it or sets
its times leaves another stamp. So does a copy of the store, which is read once more.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

STAMPS = "stamps.json"
# Two changes within one tick of a kernel's clock leave the same stamp (10 ms at 100 Hz): a stamp as young is no proof.
TICK_NS = 20_000_000

Stamp = tuple[int, ...]  # bytes, time of the last write and of the last change in ns, inode


@dataclass(frozen=True, kw_only=True)
class Stamps:
    """The stamps of files, by name, when their content was last compared with the record; the record's own SHA-256."""

    record: str = ""
    files: dict[str, Stamp] = field(default_factory=dict)


def stamp_of(path: str) -> Stamp:
    stat = os.stat(path)
    return (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def settled(stamps: dict[str, Stamp], now_ns: int) -> dict[str, Stamp]:
    """Return the stamps that prove something. now_ns: when they were taken, before the files were read."""
    return {name: stamp for name, stamp in stamps.items() if max(stamp[1:3]) + TICK_NS < now_ns}


def read_stamps(folder: Path) -> Stamps:
    """Return what was noted of an entry; nothing where nobody has, or where the file is damaged."""
    try:
        noted = json.loads((folder / STAMPS).read_bytes())
        return Stamps(record=str(noted["record"]), files={name: tuple(s) for name, s in noted["files"].items()})
    except FileNotFoundError:
        return Stamps()
    except (ValueError, KeyError, TypeError, AttributeError):
        return Stamps()  # half a file is none: everything is read again


def write_stamps(folder: Path, stamps: Stamps) -> None:
    """Note the stamps. No sync: what is lost is read again."""
    text = json.dumps({"record": stamps.record, "files": stamps.files}, separators=(",", ":"))
    (folder / STAMPS).write_text(text, encoding="utf-8")


def stamped(paths: Iterable[tuple[str, str]]) -> tuple[dict[str, Stamp], int]:
    """Return the stamps of files, given name and path, and when they were taken: in ns since the epoch."""
    stamps = {name: stamp_of(path) for name, path in paths}
    return stamps, time.time_ns()
