"""What native code in a runner's child has in its hands: the request, the task's folder, the writes and the exit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Outputs = dict[str, Any]


class Attack:
    """One task under way, as its own child sees it.

    aim: what the harness wants tried: `secret`, a host file; `write`, a host folder; `private`, what stands in the
    artifacts of other cells.
    """

    def __init__(self, aim: dict[str, str]) -> None:
        self.aim = aim
        self.request = request_of_this_task()
        self.out = Path(self.request.get("out") or os.getcwd())
        self.log = Path(self.request.get("log") or self.out.parent / "log.txt")

    @property
    def folder(self) -> Path:
        return self.out.parent

    def at_exit(self, act: Callable[[], object]) -> None:
        """Let `act` be the last that the child does, after its reply."""
        ending = os._exit

        def end(code: int) -> None:
            try:
                act()
            except BaseException as error:
                print(f"refused: {error!r}", file=sys.stderr, flush=True)
            ending(code)

        os._exit = end  # type: ignore[assignment]

    def instead_of_reply(self, change: Callable[[bytes], bytes]) -> None:
        """Let `change` make what is written in place of the reply; it gets the line, newline included."""
        writing = os.write

        def write(fd: int, data: Any) -> int:
            given = bytes(data)
            if b'"reply"' in given:
                everything(writing, fd, change(given))
                return len(given)
            return writing(fd, data)

        os.write = write  # type: ignore[assignment]


def everything(write: Callable[[int, bytes], int], fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[write(fd, bytes(view[: 1 << 20])) :]


def request_of_this_task() -> dict[str, Any]:
    """The request, from the variables of whoever called: nothing in a process is hidden from its code."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        for value in frame.f_locals.values():
            if isinstance(value, dict) and "nonce" in value:
                return value
    return {}


def tried(action: Callable[[], object]) -> str:
    """What came of an action, for the log."""
    try:
        return f"done: {action()!r}"
    except BaseException as error:
        return f"refused: {error!r}"


def say(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)


def wrong(outputs: Outputs) -> Outputs:
    return {name: np.asarray(value) + 1 for name, value in outputs.items()}
