"""Entries of the store: a record, and the files that belong to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

from deploymatrix.store import digests

Kind = Literal["samples", "references", "artifacts", "runs", "cells", "failures"]

# The folder beside an artifact with what answers for it in exact arithmetic. It is no part of what is shipped.
EVALUATED = "evaluated"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of an entry: size in bytes and SHA-256."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sha256: str
    bytes: int


# A run holds tens of thousands of these: as BaseModels, they would take a third more memory.
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """record.json: the entry's key, facts about it, its files by relative path.

    `made_from` names the parts of the key. `measured` (seconds, MiB) differs each time somebody makes the entry. The
    digest counts neither.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    kind: Kind
    key: str
    digest: str
    files: dict[str, FileRecord]
    about: dict[str, Any]
    measured: dict[str, Any] = field(default_factory=dict)
    made_from: dict[str, Any] = field(default_factory=dict)


RECORD = TypeAdapter(Record)


def digest_of(files: dict[str, FileRecord], about: dict[str, Any]) -> str:
    """Return the digest of an entry: of its files' contents and of the facts about them."""
    return digests.of_data({"files": {name: file.sha256 for name, file in files.items()}, "about": about})


class Entry:
    """An entry: its record, and where its files lie."""

    __slots__ = ("_root", "record")

    def __init__(self, root: Path, record: Record) -> None:
        self._root = root
        self.record = record

    @property
    def folder(self) -> Path:
        return self._root / self.record.kind / self.record.key

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def about(self) -> dict[str, Any]:
        return self.record.about

    @property
    def digest(self) -> str:
        """Digest of the files' contents and of the facts about them."""
        return self.record.digest

    @property
    def shipped(self) -> dict[str, FileRecord]:
        """The files without those in the folder `evaluated`."""
        return {name: file for name, file in self.record.files.items() if not _is_evaluated(name)}

    @property
    def evaluated(self) -> Path | None:
        """The folder with what answers for the artifact in exact arithmetic; None where the artifact does."""
        return self.files / EVALUATED if any(map(_is_evaluated, self.record.files)) else None

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.shipped.values())

    @property
    def sha256(self) -> str:
        """The digest of the only file, or of the list of several."""
        files = self.shipped
        if len(files) == 1:
            return next(iter(files.values())).sha256
        return digests.of_data({name: file.sha256 for name, file in files.items()})

    def slim(self) -> Entry:
        """Return the entry without `made_from`: a run holds thousands of entries at once."""
        return Entry(self._root, replace(self.record, made_from={}))


def _is_evaluated(name: str) -> bool:
    return name.split("/", 1)[0] == EVALUATED
