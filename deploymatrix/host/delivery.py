"""Files that a task sends over the channel, written where the host alone may write.

Each is a line of JSON, `{"path": "0/y.npy", "bytes": 168}`, and that many bytes; `path` lies below the folder.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import Field, ValidationError

from deploymatrix.host.frames import Message
from deploymatrix.host.messages import MOST_FILES

MOST_LINE = 4096
MOST_PARTS = 16
PART = re.compile(r"[^/\x00-\x1f\x7f]{1,255}")


class NotDelivered(ValueError):
    """What a task sent or left is not what it may: the words say what it was."""


class FileHead(Message):
    """The line before a file."""

    path: Annotated[str, Field(min_length=1, max_length=MOST_LINE)]
    bytes: Annotated[int, Field(ge=0)]


class Delivery:
    """Takes the stream of one task's files. After the first fault it takes nothing more, and keeps its words."""

    def __init__(self, folder: Path, most_bytes: int, most_files: int = MOST_FILES) -> None:
        self.problem = ""
        self._folder = folder
        self._left = most_bytes
        self._most = most_bytes
        self._rest = bytearray()
        self._file: IO[bytes] | None = None
        self._missing = 0  # bytes of the present file
        self._count = 0
        self._most_files = most_files

    def feed(self, data: bytes) -> None:
        """Write what came. Raise OSError where the host cannot write."""
        if self.problem:
            return
        self._left -= len(data)
        try:
            if self._left < 0:
                raise NotDelivered(f"it sent more than the {self._most:,} bytes of files allowed")
            self._rest += data
            while self._step():
                pass
        except NotDelivered as error:
            self.problem = str(error)
            self.close()

    def end(self) -> str:
        """Say what is wrong with all that came; nothing where it was whole."""
        if not self.problem and (self._file is not None or self._rest):
            self.problem = "what it sent ends in the middle of a file"
        self.close()
        return self.problem

    def close(self) -> None:
        self._rest.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _step(self) -> bool:
        """Take the next line, or the next bytes of a file; return whether there may be more to take."""
        if self._file is None:
            return self._begin()
        piece = bytes(self._rest[: self._missing])
        del self._rest[: len(piece)]
        self._file.write(piece)
        self._missing -= len(piece)
        if self._missing:
            return False
        self._file.close()
        self._file = None
        return bool(self._rest)

    def _begin(self) -> bool:
        line, newline, _ = bytes(self._rest[: MOST_LINE + 1]).partition(b"\n")
        if len(line) > MOST_LINE:
            raise NotDelivered(f"a file's line of more than {MOST_LINE} bytes")
        if not newline:
            return False
        del self._rest[: len(line) + 1]
        head = file_head(line)
        self._count += 1
        if self._count > self._most_files:
            raise NotDelivered(f"it sent more than {self._most_files:,} files")
        self._file, self._missing = self._create(head.path), head.bytes
        return True

    def _create(self, name: str) -> IO[bytes]:
        path = self._folder / safe(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("xb")
        except (FileExistsError, NotADirectoryError):
            raise NotDelivered(f"it sent {name!r} twice, or as a file and as a folder") from None


def file_head(line: bytes) -> FileHead:
    try:
        return FileHead.model_validate_json(line)
    except ValidationError as error:
        raise NotDelivered(f"a file's line that is none: {error.errors(include_input=False)[0]['msg'][:200]}") from None


def safe(name: str) -> PurePosixPath:
    """Return a relative path that stays below its folder. Raise NotDelivered for any other."""
    parts = name.split("/")
    if len(parts) > MOST_PARTS or not all(PART.fullmatch(part) and part not in (".", "..") for part in parts):
        raise NotDelivered(f"it sent a file named {name[:200]!r}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NotDelivered(f"it sent a file named {name[:200]!r}") from None
    return PurePosixPath(*parts)
