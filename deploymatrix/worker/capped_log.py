"""A log of at most 1 MiB: it keeps head and tail, and a line between them says how much is missing."""

from __future__ import annotations

HEAD = 512 << 10
MARKER = 128
TAIL = (512 << 10) - MARKER
RECENT = 64 << 10


class CappedLog:
    """A log that takes bytes as they come, and holds no more than twice what it keeps."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.later = bytearray()  # the last TAIL bytes after the head, or up to twice as many
        self.left_out = 0
        self.recent = b""

    def write(self, data: bytes) -> None:
        self.recent = (self.recent + data)[-RECENT:]
        room = HEAD - len(self.head)
        self.head += data[:room]
        self.later += data[room:]
        if len(self.later) > 2 * TAIL:
            self.trim()

    def text(self) -> bytes:
        """Return what is kept."""
        self.trim()
        marker = b"\n[... %d bytes left out ...]\n" % self.left_out if self.left_out else b""
        return bytes(self.head) + marker + bytes(self.later)

    def trim(self) -> None:
        excess = len(self.later) - TAIL
        if excess > 0:
            del self.later[:excess]
            self.left_out += excess
