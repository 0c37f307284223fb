"""The key that each task had last, so that another key can be explained by what changed in it."""

from __future__ import annotations

import json
from pathlib import Path

from deploymatrix.store import write_json


class LastKeys:
    """Keys (hex digests) by task id, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
        self._changed = False

    def note(self, id_: str, key: str) -> None:
        if self._known.get(id_) != key:
            self._known[id_] = key
            self._changed = True

    def get(self, id_: str) -> str | None:
        """The task's last key; None if it was never looked at."""
        return self._known.get(id_)

    def save(self) -> None:
        if self._changed:
            write_json(self._path, self._known)
            self._changed = False
