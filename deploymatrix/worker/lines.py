"""Bytes in, whole lines out."""

from __future__ import annotations

LIMIT = 16 << 20


class Lines:
    """A stream cut at newlines. It drops a line of more than 16 MiB, all of it: no reply is as long."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.rest = bytearray()
        self.is_dropping = False

    def feed(self, data: bytes) -> list[bytes]:
        *whole, rest = data.split(b"\n")
        lines = [line for piece in whole if (line := self._ended(piece)) is not None]
        self._keep(rest)
        return lines

    def _ended(self, piece: bytes) -> bytes | None:
        """Return the line that ends with `piece`; None where it was too long."""
        self._keep(piece)
        line, dropped = bytes(self.rest), self.is_dropping
        self.rest, self.is_dropping = bytearray(), False
        return None if dropped else line

    def _keep(self, piece: bytes) -> None:
        if len(self.rest) + len(piece) > self.limit:
            self.is_dropping = True
        if self.is_dropping:
            self.rest.clear()
        else:
            self.rest += piece
