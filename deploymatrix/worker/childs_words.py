"""A line from a child, believed only where its form is right: native code in the child can write what it likes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from .protocol import ChildMessage

STAGES = ("import", "open", "reference", "export", "load", "run")
STATUSES = ("ok", "failed", "out_of_memory")  # that a child can tell of itself
WORDS = {"type", "message", "traceback"}  # of an error, besides its chain
MOST_WORD = 1 << 16  # characters of each
MOST_LINKS = 64
LEVELS = 16  # of lists and objects in one another; no task's value has as many
PATH = 4096


def heard_of(line: bytes, nonce: str) -> ChildMessage | None:
    """Return the message in a line; None for one that is not the protocol's, or not this request's."""
    try:
        message = json.loads(line, parse_constant=no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("nonce") != nonce or message.get("stage") not in STAGES:
        return None
    reads = message.get("reads", [])
    if not isinstance(reads, list) or not all(isinstance(path, str) and len(path) <= PATH for path in reads):
        return None
    if "reply" in message and not is_reply(message["reply"]):
        return None
    return cast("ChildMessage", message)


def is_reply(reply: Any) -> bool:
    """Tell whether it has a status, a value or an error, and nothing else; the host looks into a value."""
    if not isinstance(reply, dict) or reply.get("status") not in STATUSES:
        return False
    if reply["status"] == "ok":
        return reply.keys() == {"status", "value"} and isinstance(reply["value"], dict) and is_shallow(reply, LEVELS)
    return reply.keys() == {"status", "error"} and is_error(reply["error"])


def is_error(error: Any) -> bool:
    if not isinstance(error, dict) or error.keys() - {"chain"} != WORDS:
        return False
    chain = error.get("chain", [])
    if not isinstance(chain, list) or len(chain) > MOST_LINKS:
        return False
    links = [link for link in chain if isinstance(link, dict) and link.keys() == {"type", "message", "link"}]
    words = [error[key] for key in WORDS] + [word for link in links for word in link.values()]
    return len(links) == len(chain) and all(isinstance(word, str) and len(word) <= MOST_WORD for word in words)


def is_shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(is_shallow(item, levels - 1) for item in inner)


def no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
