"""Look at an entry without using it: no lock, no time of last use. The gate does, also in a read-only folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from deploymatrix.errors import StoreCorrupted
from deploymatrix.store import digests
from deploymatrix.store.entries import RECORD, Entry, digest_of


def look(root: Path, kind: str, key: str, *, read: bool = False) -> Entry | None:
    """Return the entry of the store at `root`; None where the store does not have it.

    Files are looked at, and only read where `read` says so. Raise StoreCorrupted for a record that is not what its
    digest and its key say, and for a file that is not there, has another size or, where it is read, another digest.
    """
    path = root / kind / key / "record.json"
    try:
        record = RECORD.validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError:
        raise StoreCorrupted(f"store/{kind}/{key[:12]}…: record.json is damaged") from None
    whole = (record.kind, record.key, record.digest) == (kind, key, digest_of(record.files, record.about))
    if not whole or (record.made_from and digests.of_data(record.made_from) != key):
        raise StoreCorrupted(f"store/{kind}/{key[:12]}…: record.json was changed after it was written")
    entry = Entry(root, record)
    for name, file in record.files.items():
        found = entry.files / name
        if not found.is_file() or found.stat().st_size != file.bytes:
            state = "is not as long as it was" if found.is_file() else "is missing"
            raise StoreCorrupted(f"store/{kind}/{key[:12]}…: {name} {state}")
        if read and digests.of_file(found) != file.sha256:
            raise StoreCorrupted(f"store/{kind}/{key[:12]}…: {name} was changed after it was written")
    return entry
