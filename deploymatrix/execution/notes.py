"""What a run remembers of the tasks for the next one: what each cost, the key that each had, and what each read.

Costs order the schedule and keep it within memory. Last keys let another key be explained by what changed in it.
What a task read is part of its next key.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from deploymatrix.store.files import write_json
from deploymatrix.store.locks import held

# Until a task's own cost is known. Seconds only order the schedule; MiB keep the machine from swapping.
USUAL_SECONDS = {
    "gather": 0.5,
    "sample": 6.0,
    "reference": 6.0,
    "export": 6.0,
    "run": 1.5,
    "evaluate": 5.0,
    "layers": 20.0,
    "compare": 0.05,
    "prepare": 20.0,
}
USUAL_MEMORY_MB = {
    "gather": 500,
    "sample": 1500,
    "reference": 1500,
    "export": 2500,
    "run": 800,
    "evaluate": 1500,
    "layers": 2500,
    "compare": 200,
    "prepare": 1000,
}


class Costs:
    """Wall seconds and peak MiB by task id, kept in a file of the build folder."""

    def __init__(self, build: Path) -> None:
        self._file = _Notes(build / "costs.json")

    def seconds(self, id_: str, kind: str) -> float:
        known: dict[str, float] = self._file.get(id_, {})
        return known.get("wall_s", USUAL_SECONDS[kind])

    def memory_mb(self, id_: str, kind: str) -> int:
        known: dict[str, float] = self._file.get(id_, {})
        return int(known.get("peak_mb", USUAL_MEMORY_MB[kind]))

    def note(self, id_: str, measured: dict[str, Any]) -> None:
        """Remember what an entry's `measured` says."""
        known = {name: measured[name] for name in ("wall_s", "peak_mb") if measured.get(name) is not None}
        if known:
            self._file.note(id_, known)

    def save(self) -> None:
        self._file.save()


class LastKeys:
    """Keys (hex digests) by task id, kept in a file of the build folder."""

    def __init__(self, build: Path) -> None:
        self._file = _Notes(build / "last-keys.json")

    def note(self, id_: str, key: str) -> None:
        self._file.note(id_, key)

    def get(self, id_: str) -> str | None:
        """Return the task's last key; None if the task was never looked at."""
        known: str | None = self._file.get(id_, None)
        return known

    def save(self) -> None:
        self._file.save()


class LastReads:
    """The files that a task read, by task id, kept in a file of the build folder."""

    def __init__(self, build: Path) -> None:
        self._file = _Notes(build / "reads.json")

    def note(self, id_: str, names: list[str]) -> None:
        if names or self.get(id_):
            self._file.note(id_, names)

    def get(self, id_: str) -> list[str]:
        """Return the names; none if the task was never done."""
        known: list[str] = self._file.get(id_, [])
        return known

    def save(self) -> None:
        self._file.save()

    def refresh(self) -> None:
        """Also take what another run has saved since."""
        self._file.refresh()


class _Notes:
    """A note by task id, written back only when one has changed, and beside what other runs have noted. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, Any] = {}
        self.refresh()

    def get(self, id_: str, default: Any) -> Any:
        return self._known.get(id_, default)

    def note(self, id_: str, value: Any) -> None:
        with self._lock:
            if self._known.get(id_) != value:
                self._known[id_] = self._changed[id_] = value

    def save(self) -> None:
        with self._lock:
            if self._changed:
                with held(self._path.with_name(f".{self._path.name}.lock")):
                    self._take_saved()
                    write_json(self._path, self._known)
                self._changed = {}

    def refresh(self) -> None:
        with self._lock:
            self._take_saved()

    def _take_saved(self) -> None:
        """Read the file if it is another one than before; what was noted here since then counts more."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        if (stat.st_ino, stat.st_mtime_ns) != self._stamp:
            self._known = {**json.loads(self._path.read_text()), **self._changed}
            self._stamp = (stat.st_ino, stat.st_mtime_ns)
