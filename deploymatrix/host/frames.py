"""What a worker writes, cut into messages: a line of JSON, and behind a `data` line so many bytes.

A worker runs what nobody trusts, so every size has a bound, and every message a form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MOST_LINE = 64 << 20  # bytes: a result that names ten thousand read files has less
MOST_DATA = 16 << 20  # bytes behind one line
MOST_READS = 10_000

Short = Annotated[str, Field(max_length=1024)]
Long = Annotated[str, Field(max_length=1 << 17)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ProtocolError(ValueError):
    """A worker wrote what the protocol does not know."""


class Message(BaseModel):
    """A line of a worker: its keys and types are the protocol's, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ready(Message):
    """The answer to `hello`."""

    op: Literal["ready"]
    protocol: int
    pid: int
    runtime: Short
    versions: dict[Short, Short]


class Alive(Message):
    """The answer to a ping; `busy`: none will come for a while."""

    op: Literal["alive"]
    busy: bool


class DataHead(Message):
    """The line before `bytes` bytes."""

    op: Literal["data"]
    nonce: Short
    stream: Literal["files", "log"]
    bytes: Annotated[int, Field(gt=0, le=MOST_DATA)]


class Link(Message):
    """One exception of a chain."""

    type: Long
    message: Long
    link: Short


class ErrorReport(Message):
    """An exception, or the end of a process, as data."""

    type: Long
    message: Long
    traceback: Long
    chain: Annotated[list[Link], Field(max_length=64)] = []


class Result(Message):
    """How a request ended. What its value holds is for the task to say."""

    op: Literal["result"]
    nonce: Short
    status: Literal["ok", "failed", "no_reply", "signaled", "timed_out", "out_of_memory"]
    stage: Literal["import", "open", "reference", "export", "load", "run"]
    value: dict[str, Any] | None = None
    error: ErrorReport | None = None
    signal: Short | None = None
    exit_code: int | None = None
    wall_s: Seconds = 0.0
    cpu_s: Seconds | None = None
    peak_mb: Seconds | None = None
    import_s: Seconds = 0.0
    reads: Annotated[list[str], Field(max_length=MOST_READS)] = []


@dataclass(frozen=True)
class Data:
    """A piece of a task's files or of its log."""

    head: DataHead
    data: bytes


AnyMessage = Annotated[Ready | Alive | DataHead | Result, Field(discriminator="op")]
MESSAGE: TypeAdapter[Ready | Alive | DataHead | Result] = TypeAdapter(AnyMessage)


class Incoming:
    """Bytes in, messages out, in any cutting of the bytes."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._head: DataHead | None = None

    def feed(self, data: bytes) -> Iterator[Ready | Alive | Result | Data]:
        """Yield the messages that are whole. Raise ProtocolError for what is none; nothing can follow it."""
        self._rest += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Ready | Alive | Result | Data | None:
        if self._head is None:
            line = self._line()
            if line is None:
                return None
            message = parsed(line)
            if not isinstance(message, DataHead):
                return message
            self._head = message
        return self._data(self._head)

    def _line(self) -> bytes | None:
        end = self._rest.find(b"\n")
        if max(end, len(self._rest) if end < 0 else 0) > MOST_LINE:
            raise ProtocolError(f"a line of more than {MOST_LINE} bytes")
        return self._take(end + 1) if end >= 0 else None

    def _data(self, head: DataHead) -> Data | None:
        if len(self._rest) < head.bytes:
            return None
        self._head = None
        return Data(head, self._take(head.bytes))

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._rest)[:size])
        del self._rest[:size]
        return taken


def parsed(line: bytes) -> Ready | Alive | DataHead | Result:
    """Return the message of a line. Raise ProtocolError."""
    try:
        return MESSAGE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(map(str, first["loc"]))[:200]
        raise ProtocolError(f"{key + ': ' if key else ''}{first['msg'][:500]}") from None
