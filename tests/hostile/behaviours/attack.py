"""What native code in a runner's child has in its hands: the request, the task's folder, the writes and the exit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
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
        self.out = held_to(Path(self.request["out"]), aim)
        self.log = Path(self.request.get("log") or self.out.parent / "log.txt")

    @property
    def folder(self) -> Path:
        return self.out.parent

    def at_exit(self, act: Callable[[], object]) -> None:
        """Let `act` be the last that the child does, after its reply."""
        ending = os._exit

        def end(code: int) -> None:
            say(tried(act))
            ending(code)

        os._exit = end  # type: ignore[assignment]

    def at_end(self, act: Callable[[], object]) -> None:
        """Let `act` come after the last output was written, and before anybody looks at them.

        In a container the child sends its files itself, by a function of its caller's; elsewhere the host reads them
        once the child has ended.
        """
        sender = next((names for names in callers() if "deliver" in names and "reply_to" in names), None)
        if sender is None or not self.request.get("deliver"):
            self.at_exit(act)
            return
        deliver = sender["deliver"]

        def after_the_act(*args: Any) -> None:
            say(tried(act))
            deliver(*args)

        sender["deliver"] = after_the_act

    def instead_of_files(self, make: Callable[[], bytes]) -> bool:
        """Let `make` make what is sent in place of the files; return whether files are sent at all."""
        sender = next((names for names in callers() if "deliver" in names and "reply_to" in names), None)
        if sender is None or not self.request.get("deliver"):
            return False
        sender["deliver"] = lambda folder, fd: everything(os.write, fd, make())
        return True

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


def held_to(out: Path, aim: dict[str, str]) -> Path:
    """Return `out`. Raise RuntimeError where it is neither a container's nor the corpus's own."""
    ground = Path(aim["write"]).parents[2]  # <ground>/canaries/write/<name>
    if not (out.is_relative_to("/deploymatrix") or out.resolve().is_relative_to(ground.resolve())):
        raise RuntimeError(f"{out} is no folder of the corpus: nothing is tried there")
    return out


def frames() -> Iterator[FrameType]:
    """Whoever called, up to the server that forked: nothing in a process is hidden from its code."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and (frame := frame.f_back):
        yield frame


def callers() -> Iterator[dict[str, Any]]:
    return (frame.f_globals for frame in frames())


def request_of_this_task() -> dict[str, Any]:
    for frame in frames():
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
