"""Write files whole or not at all, and JSON in one canonical form."""

from __future__ import annotations

import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write to a temporary name in the same folder, sync, rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        write_synced(temporary, data)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def _fields(record: Any) -> dict[str, Any]:
    if not isinstance(record, BaseModel):
        raise TypeError(f"JSON cannot represent {record!r}")
    return dict(record)


def write_synced(path: Path, data: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
