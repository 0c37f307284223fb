"""Bytes in, whole lines out."""

from __future__ import annotations

LIMIT = 16 << 20


class Lines:
    """A stream cut at newlines. It drops a line of more than 16 MiB: no reply is as long."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self.rest += data
        *whole, rest = bytes(self.rest).split(b"\n") if b"\n" in data else [bytes(self.rest)]
        self.rest = bytearray(rest if len(rest) <= LIMIT else b"")
        return whole
