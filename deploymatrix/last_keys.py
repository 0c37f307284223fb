"""Where each task's last result lies, so that a changed key can be explained by what changed in it."""

from __future__ import annotations

import json
from pathlib import Path

from deploymatrix.store import Kind, write_json


class LastKeys:
    """Kind and key of the store by task id, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[str]] = json.loads(path.read_text()) if path.is_file() else {}
        self._changed = False

    def note(self, id_: str, kind: Kind, key: str) -> None:
        if self._known.get(id_) != [kind, key]:
            self._known[id_] = [kind, key]
            self._changed = True

    def get(self, id_: str) -> tuple[Kind, str] | None:
        """Kind and key of the task's last result; None if it never had one."""
        found = self._known.get(id_)
        return (found[0], found[1]) if found else None  # type: ignore[return-value]

    def save(self) -> None:
        if self._changed:
            write_json(self._path, self._known)
            self._changed = False
