"""Write files whole or not at all, and JSON in one canonical form."""

from __future__ import annotations

import errno
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

LEAST_FREE = 1 << 20  # bytes


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write to a temporary name in the same folder, sync, rename: a reader sees the old file or the new one.

    Raise OSError, which names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            write_synced(temporary, data)
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        error.filename = str(path)  # nobody knows the temporary name
        raise


def write_json(path: Path, data: Any) -> None:
    """Write canonical, yet readable JSON atomically: sorted keys, one key a line. `data` may hold records anywhere.

    Open records one by one and keep the text as bytes: a matrix of thousands of cells is large in any other form.
    """
    encoder = json.JSONEncoder(default=_fields, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    encoded = io.BytesIO()
    text = io.TextIOWrapper(encoded, encoding="utf-8", newline="\n")
    text.writelines(encoder.iterencode(data))
    text.write("\n")
    text.flush()
    write_atomically(path, encoded.getbuffer())


def refuse_a_full_disk(folder: Path) -> None:
    """Raise OSError where hardly anything can be written any more: what failed meanwhile is nobody's fault."""
    space = os.statvfs(folder)
    if space.f_bavail * space.f_frsize < LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    with tempfile.TemporaryFile(dir=folder) as file, naming(folder):
        file.write(bytes(1 << 16))  # a quota tells nothing of itself
        file.flush()


def _fields(record: Any) -> dict[str, Any]:
    if not isinstance(record, BaseModel):
        raise TypeError(f"JSON cannot represent {record!r}")
    return dict(record)


def write_synced(path: Path, data: bytes | memoryview) -> None:
    """Write to a file and sync it. Raise OSError, which names the file also when the disk is full."""
    with naming(path), path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError in the context name `path` where it names nothing, as those of write() and fsync() do."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
