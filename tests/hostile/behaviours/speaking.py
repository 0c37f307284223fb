"""Words that are weapons: in exceptions, in the log, in the way that a child ends."""

from __future__ import annotations

import os
import sys

from ..declared import HARMLESS, hostile
from .attack import Attack, Outputs

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\r\x9b2J<script>alert(1)</script>\n::error::owned\n\u202eevil"


@hostile("an exception whose message holds a lone surrogate")
def raises_surrogate(attack: Attack, outputs: Outputs) -> Outputs:
    raise RuntimeError("not text: \udcff\ud800")


@hostile("an exception whose message holds terminal escapes, HTML and workflow commands")
def raises_escapes(attack: Attack, outputs: Outputs) -> Outputs:
    raise RuntimeError(ESCAPES)


@hostile("an exception of 100 MB")
def raises_much(attack: Attack, outputs: Outputs) -> Outputs:
    raise RuntimeError("x" * 100_000_000)


@hostile("an exception that cannot be shown")
def raises_unshowable(attack: Attack, outputs: Outputs) -> Outputs:
    class Unshowable(Exception):
        def __str__(self) -> str:
            os._exit(3)

        __repr__ = __str__

    raise Unshowable


@hostile("an exception whose type is named in escapes")
def raises_a_strange_type(attack: Attack, outputs: Outputs) -> Outputs:
    raise type(f"{ESCAPES}\udcff", (Exception,), {})("strange")


@hostile("exceptions that caused each other, in a ring of 3,000")
def raises_a_chain(attack: Attack, outputs: Outputs) -> Outputs:
    errors = [ValueError(f"{number}\udcff") for number in range(3000)]
    for one, other in zip(errors, errors[1:] + errors[:1], strict=True):
        one.__context__ = other
    raise errors[0]


@hostile("a recursion without an end")
def recurses(attack: Attack, outputs: Outputs) -> Outputs:
    return recurses.do(attack, outputs)  # type: ignore[no-any-return]


@hostile("terminal escapes, control characters and no UTF-8 in the log", outcomes=HARMLESS)
def logs_escapes(attack: Attack, outputs: Outputs) -> Outputs:
    os.write(2, ESCAPES.encode() + b"\xff\xfe\xed\xb3\xbf\x00\n")
    return outputs


@hostile("a traceback in the log that points at the host", outcomes=HARMLESS)
def logs_a_traceback(attack: Attack, outputs: Outputs) -> Outputs:
    print(f'  File "{attack.aim["secret"]}", line 1, in <module>\nTraceback (most recent call last):', file=sys.stderr)
    return outputs


@hostile("sys.exit with words")
def exits(attack: Attack, outputs: Outputs) -> Outputs:
    sys.exit(ESCAPES)


@hostile("an end with code 255")
def ends(attack: Attack, outputs: Outputs) -> Outputs:
    os._exit(255)
