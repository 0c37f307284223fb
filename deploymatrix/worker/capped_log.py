"""A log file of at most 1 MiB: it keeps head and tail, and a line between them says how much is missing."""

from __future__ import annotations

from pathlib import Path

HEAD = 512 << 10
MARKER = 128
TAIL = (512 << 10) - MARKER


class CappedLog:
    """A log that takes bytes as they come. It writes the head at once, and the tail in `close`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("wb", buffering=0)
        self.written = 0
        self.later = bytearray()  # the last TAIL bytes after the head, or up to twice as many
        self.left_out = 0
        self.recent = b""

    def write(self, data: bytes) -> None:
        self.recent = (self.recent + data)[-(64 << 10) :]
        head = data[: HEAD - self.written]
        self.file.write(head)
        self.written += len(head)
        self.later += data[len(head) :]
        if len(self.later) > 2 * TAIL:
            self.trim()

    def close(self) -> None:
        self.trim()
        if self.left_out:
            self.file.write(b"\n[... %d bytes left out ...]\n" % self.left_out)
        self.file.write(self.later)
        self.file.close()

    def trim(self) -> None:
        excess = len(self.later) - TAIL
        if excess > 0:
            del self.later[:excess]
            self.left_out += excess
