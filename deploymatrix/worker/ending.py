"""How a request ended, and an exception as data."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .protocol import ErrorReport, Link, Stage, Status

MOST_LINKS = 8
HEAD, TAIL = 2048, 1024  # characters of each message of a chain


@dataclass(frozen=True)
class Ending:
    """The fields of a `result` message: times in seconds, memory in MiB, None where nothing was measured.

    `reads`: the files outside of the environment that the child read, as far as it told.
    """

    status: Status
    stage: Stage
    value: dict[str, Any] | None = None
    error: ErrorReport | None = None
    signal: str | None = None
    exit_code: int | None = None
    wall_s: float = 0.0
    cpu_s: float | None = None
    peak_mb: float | None = None
    import_s: float = 0.0
    reads: list[str] = field(default_factory=list)

    def message(self, nonce: str) -> Mapping[str, object]:
        """Return the `result` message."""
        return {"op": "result", "nonce": nonce, **asdict(self)}


def error_report(error: BaseException) -> ErrorReport:
    """Return type, message, traceback and chain, each cut to what a record can bear."""
    text = "".join(traceback.format_exception(error))
    return {
        "type": type(error).__name__,
        "message": str(error)[-4096:],
        "traceback": text[-16384:],
        "chain": chain_of(error),
    }


def chain_of(error: BaseException) -> list[Link]:
    """Return the exception and what led to it, the innermost last: each with how it hangs on the one before.

    `link` is "cause" for `raise … from …`, "group" for the first exception of a group, and "context" where an exception
    was merely under way: an attempt that failed, or what a bare sys.exit() hides.
    """
    links: list[Link] = []
    seen: set[int] = set()
    link, current = "", error
    while current is not None and id(current) not in seen and len(links) < MOST_LINKS:
        seen.add(id(current))
        links.append({"type": type(current).__name__, "message": cut(str(current)), "link": link})
        link, current = inner(current)
    return links


def inner(error: BaseException) -> tuple[str, Any]:
    """Return the next exception inwards, and how it hangs on this one; None where there is none."""
    if error.__cause__ is not None:
        return "cause", error.__cause__
    members = getattr(error, "exceptions", None)  # an ExceptionGroup's; Python 3.10 has none
    if members and isinstance(members, tuple) and isinstance(members[0], BaseException):
        return "group", members[0]
    return ("context", error.__context__) if not error.__suppress_context__ else ("", None)


def cut(text: str) -> str:
    """Keep the head of a long message, which says what is wrong, and its end."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n…\n{text[-TAIL:]}"
