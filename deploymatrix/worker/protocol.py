"""The types of the protocol's messages, which are JSON objects with paths as strings.

They are for the reader and the type checker, which alone imports this file: a worker's start does not pay for it.
Nothing is checked when a message is read: host and worker ship together, and `hello` compares their protocol numbers.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

Stage = Literal["import", "open", "reference", "export", "load", "run"]
Status = Literal["ok", "failed", "no_reply", "signaled", "timed_out", "out_of_memory"]
Stream = Literal["files", "log"]
Args = TypeVar("Args")


class PrincipalsGiven(TypedDict):
    """User ids for tasks, `count` of them from `first` on; a folder for each task at once, which the server owns.

    `processes`: how many processes and threads one user id may have. `closed`: folders of the server's that no task may
    write to. `loopback`: they may bind and connect by TCP. `shared`: folders that they all may write to.
    """

    first: int
    count: int
    rooms: list[str]
    processes: int
    closed: list[str]
    loopback: NotRequired[bool]
    shared: NotRequired[list[str]]


class Hello(TypedDict):
    """The host's first message. `variables` are set before numpy is imported.

    `principals`: each task becomes a principal of its own; without, all run as the server's user.
    """

    op: Literal["hello"]
    protocol: int
    variables: NotRequired[dict[str, str]]
    principals: NotRequired[PrincipalsGiven]


class Ready(TypedDict):
    """The worker's first message, the answer to `hello`."""

    op: Literal["ready"]
    protocol: int
    pid: int
    runtime: str
    versions: dict[str, str]


class Submit(TypedDict, Generic[Args]):
    """One request. `args` depends on the task; times are in seconds, memory is in MiB.

    `out`: where the child leaves its files; a principal has its own place instead. `deliver`: whether it sends them to
    the host, `most_bytes` in `most_files` at the most. `readable`: all that it may read beside the system and its own
    code, where the kernel can hold it to that.
    """

    op: Literal["submit"]
    nonce: str
    task: str
    module: str
    args: Args
    out: str
    deliver: bool
    most_bytes: int
    most_files: int
    readable: list[str]
    timeout_s: float
    memory_mb: float
    threads: int


class Ping(TypedDict):
    """A question whether the server still runs; `alive` answers it."""

    op: Literal["ping"]


class Stop(TypedDict):
    """The end of all work."""

    op: Literal["stop"]


Command = Submit[Any] | Ping | Stop


class Alive(TypedDict):
    """The answer to a ping. Unasked, it says that an import begins (`busy`), during which none is answered, or ends."""

    op: Literal["alive"]
    busy: bool


class Data(TypedDict):
    """So many bytes follow the line: a piece of what the task's child sends of its files, or of its log."""

    op: Literal["data"]
    nonce: str
    stream: Stream
    bytes: int


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
