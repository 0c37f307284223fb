"""What tasks cost, as they did when last executed: the schedule's order and its memory budget come from here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploymatrix.store.files import write_json

# Until a task's own cost is known. Seconds only order the schedule; MiB keep the machine from swapping.
USUAL_SECONDS = {"reference": 6.0, "export": 6.0, "run": 1.5, "compare": 0.05, "prepare": 20.0}
USUAL_MEMORY_MB = {"reference": 1500, "export": 2500, "run": 800, "compare": 200, "prepare": 1000}


class Costs:
    """Wall seconds and peak MiB by task id, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.is_file() else {}
        self._changed = False

    def seconds(self, id_: str, kind: str) -> float:
        return self._known.get(id_, {}).get("wall_s", USUAL_SECONDS[kind])

    def memory_mb(self, id_: str, kind: str) -> int:
        return int(self._known.get(id_, {}).get("peak_mb", USUAL_MEMORY_MB[kind]))

    def note(self, id_: str, measured: dict[str, Any]) -> None:
        """Remember what an entry's `measured` says."""
        known = {name: measured[name] for name in ("wall_s", "peak_mb") if measured.get(name) is not None}
        if known:
            self._known[id_] = known
            self._changed = True

    def save(self) -> None:
        if self._changed:
            write_json(self._path, self._known)
            self._changed = False


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
