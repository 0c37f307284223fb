"""The types of the protocol's messages, which are JSON objects with paths as strings.

They are for the reader and the type checker, which alone imports this file: a worker's start does not pay for it.
Nothing is checked when a message is read: host and worker ship together, and `hello` compares their protocol numbers.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

Stage = Literal["import", "open", "reference", "export", "load", "run"]
Status = Literal["ok", "failed", "no_reply", "signaled", "timed_out", "out_of_memory"]
Args = TypeVar("Args")


class Hello(TypedDict):
    """The host's first message. `variables` are set before numpy is imported."""

    op: Literal["hello"]
    protocol: int
    variables: NotRequired[dict[str, str]]


class Ready(TypedDict):
    """The worker's first message, the answer to `hello`."""

    op: Literal["ready"]
    protocol: int
    pid: int
    runtime: str
    versions: dict[str, str]


class Submit(TypedDict, Generic[Args]):
    """One request. `args` depends on the task; times are in seconds, memory is in MiB."""

    op: Literal["submit"]
    nonce: str
    task: str
    module: str
    args: Args
    out: str
    log: str
    timeout_s: float
    memory_mb: float
    threads: int


class Stop(TypedDict):
    """The end of all work."""

    op: Literal["stop"]


Command = Submit[Any] | Stop


class Link(TypedDict):
    """One exception of a chain; `link` is how it hangs on the one before: "", "cause", "group" or "context"."""

    type: str
    message: str
    link: str


class ErrorReport(TypedDict):
    """An exception, or the end of a process, as data. `chain`: the exception and what led to it, innermost last."""

    type: str
    message: str
    traceback: str
    chain: NotRequired[list[Link]]


class ChildReply(TypedDict):
    """What a child makes of its request: a value where the status is "ok", else an error."""

    status: Status
    value: NotRequired[dict[str, Any]]
    error: NotRequired[ErrorReport]


class ChildMessage(TypedDict):
    """A line from a child to the server: the stage that it is in, and at the end its reply.

    `reads`: the files that it has read since its last line.
    """

    nonce: str
    stage: Stage
    reads: NotRequired[list[str]]
    reply: NotRequired[ChildReply]
