"""The worker's loop: it takes requests from the channel, starts a child for each, watches them and sends results.

It has one thread, because it forks. It imports modules once, before the first fork that needs them, and runs nothing
else of a framework: one that has started threads deadlocks in a fork.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import launch, loading
from .attempt import Attempt
from .ending import Ending, error_report
from .lines import Lines
from .reaper import Reaper

if TYPE_CHECKING:
    from .protocol import Command, Submit

TICK_S = 0.05  # how often memory and deadlines are looked at; a child's end wakes the loop at once


class Server:
    """The loop over the channel, the children's pipes and the children's ends."""

    def __init__(self, commands: int, replies: int, reaper: Reaper) -> None:
        self.commands, self.replies, self.reaper = commands, replies, reaper
        self.lines = Lines()
        self.attempts: dict[str, Attempt] = {}
        self.serving = True
        self.selector = selectors.DefaultSelector()
        self.selector.register(commands, selectors.EVENT_READ, self.read_commands)
        self.wakeup = self.wake_on_child()

    def serve(self) -> None:
        """Serve until `stop` or the channel's end, then kill what is still under way."""
        while self.serving:
            for key, _ in self.selector.select(TICK_S if self.attempts else None):
                key.data()
            self.reap()
            for attempt in self.attempts.values():
                attempt.enforce()
        for attempt in self.attempts.values():
            attempt.kill("stopped")
            os.waitpid(attempt.pid, 0)

    def read_commands(self) -> None:
        data = os.read(self.commands, 1 << 16)
        self.serving = bool(data)
        for line in self.lines.feed(data):
            self.obey(json.loads(line))

    def obey(self, command: Command) -> None:
        if command["op"] == "submit":
            self.submit(command)
        elif command["op"] == "stop":
            self.serving = False
        else:
            raise ValueError(f"unknown operation {command['op']!r}: host and worker differ in version")

    def submit(self, request: Submit[Any]) -> None:
        start, cpu = time.monotonic(), time.process_time()
        try:
            if launch.FORKS and loading.preload(request):
                gc.freeze()  # a collection in the child would copy every page of the frameworks' objects
            import_s = time.monotonic() - start
            child = launch.start(request, closing=self.descriptors())
        except Exception as error:  # the module's fault, or there is no process to be had: this request ends
            self.refuse(request, error, time.monotonic() - start, time.process_time() - cpu)
            return
        self.watch(Attempt(request, child, import_s))

    def refuse(self, request: Submit[Any], error: Exception, wall_s: float, cpu_s: float) -> None:
        report = error_report(error)
        log = Path(request["log"])
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(report["traceback"], encoding="utf-8")
        ending = Ending("failed", "import", error=report, wall_s=wall_s, cpu_s=cpu_s, import_s=wall_s)
        self.send(ending.message(request["nonce"]))

    def watch(self, attempt: Attempt) -> None:
        self.attempts[attempt.nonce] = attempt
        self.reaper.watch(attempt.pid)
        for stream in attempt.streams:
            self.selector.register(stream.fd, selectors.EVENT_READ, lambda: self.drain(attempt))

    def drain(self, attempt: Attempt) -> None:
        for stream in attempt.drain():
            self.selector.unregister(stream.fd)
            stream.close()

    def reap(self) -> None:
        """Send the result of each child that has ended, with what its pipes held when its group was dead."""
        for attempt in list(self.attempts.values()):
            child_exit = attempt.reap()
            if child_exit is None:
                continue
            self.drain(attempt)
            for stream in attempt.streams:
                self.selector.unregister(stream.fd)
                stream.close()
            del self.attempts[attempt.nonce]
            self.reaper.forget(attempt.pid)
            self.send(attempt.ending(child_exit).message(attempt.nonce))

    def send(self, message: Mapping[str, object]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[os.write(self.replies, data) :]

    def descriptors(self) -> list[int]:
        """Return what a forked child must close: above all the channel, which it could otherwise write to."""
        others = [stream.fd for attempt in self.attempts.values() for stream in attempt.streams]
        polling = getattr(self.selector, "fileno", None)  # epoll and kqueue have one, poll and select have not
        return [
            self.commands,
            self.replies,
            self.reaper.fd,
            *self.wakeup,
            *others,
            *([polling()] if polling else []),
        ]

    def wake_on_child(self) -> tuple[int, int]:
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(read, selectors.EVENT_READ, lambda: os.read(read, 4096))
        return read, write
