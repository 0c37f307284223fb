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
from typing import TYPE_CHECKING, Any

from . import launch, loading
from .attempt import REST, SOME, Attempt
from .delivering import write_all
from .ending import Ending, error_report
from .lines import Lines
from .reaper import Reaper

if TYPE_CHECKING:
    from .principals import Principals
    from .protocol import Command, Stream, Submit

TICK_S = 0.05  # how often memory and deadlines are looked at; a child's end wakes the loop at once


class Server:
    """The loop over the channel, the children's pipes and the children's ends."""

    def __init__(self, commands: int, replies: int, reaper: Reaper, principals: Principals | None = None) -> None:
        self.commands, self.replies, self.reaper, self.principals = commands, replies, reaper, principals
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
        elif command["op"] == "ping":
            self.send({"op": "alive", "busy": False})
        elif command["op"] == "stop":
            self.serving = False
        else:
            raise ValueError(f"unknown operation {command['op']!r}: host and worker differ in version")

    def submit(self, request: Submit[Any]) -> None:
        start, cpu = time.monotonic(), time.process_time()
        principal = None
        try:
            self.preload(request)
            import_s = time.monotonic() - start
            principal = self.principals.take() if self.principals else None
            if principal is not None:
                request["out"] = str(principal.home / "out")
            child = launch.start(request, self.descriptors(), self.reaper.watch, principal)
        except Exception as error:  # the module's fault, or there is no process to be had: this request ends
            if principal is not None and self.principals is not None:
                principal.move_out()
                self.principals.give_back(principal)
            self.refuse(request, error, time.monotonic() - start, time.process_time() - cpu)
            return
        nonce = request["nonce"]
        self.watch(Attempt(request, child, import_s, lambda data: self.send_data(nonce, "files", data), principal))

    def preload(self, request: Submit[Any]) -> None:
        """Import what the request needs and forks can share. Meanwhile the server answers no ping, and says so."""
        if not launch.FORKS:
            return
        is_new = loading.is_new(request)
        if is_new:
            self.send({"op": "alive", "busy": True})
        if loading.preload(request):
            gc.freeze()  # a collection in the child would copy every page of the frameworks' objects
        if is_new:
            self.send({"op": "alive", "busy": False})

    def refuse(self, request: Submit[Any], error: Exception, wall_s: float, cpu_s: float) -> None:
        report = error_report(error)
        self.send_data(request["nonce"], "log", report["traceback"].encode("utf-8", "replace"))
        ending = Ending("failed", "import", error=report, wall_s=wall_s, cpu_s=cpu_s, import_s=wall_s)
        self.send(ending.message(request["nonce"]))

    def watch(self, attempt: Attempt) -> None:
        self.attempts[attempt.nonce] = attempt
        for stream in attempt.streams:
            self.selector.register(stream.fd, selectors.EVENT_READ, lambda: self.drain(attempt))

    def drain(self, attempt: Attempt, most: int = SOME) -> None:
        for stream in attempt.drain(most):
            self.selector.unregister(stream.fd)
            stream.close()

    def reap(self) -> None:
        """Send the result of each task of which nothing is left, with what its pipes held when all was dead."""
        for attempt in list(self.attempts.values()):
            child_exit = attempt.settled()
            if child_exit is None:
                continue
            self.drain(attempt, REST)
            for stream in attempt.streams:
                self.selector.unregister(stream.fd)
                stream.close()
            del self.attempts[attempt.nonce]
            self.reaper.forget(attempt.pid)
            if attempt.principal is not None and self.principals is not None:
                self.principals.give_back(attempt.principal)
            self.send_data(attempt.nonce, "log", attempt.log.text())
            self.send(attempt.ending(child_exit).message(attempt.nonce))

    def send(self, message: Mapping[str, object]) -> None:
        write_all(self.replies, json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def send_data(self, nonce: str, stream: Stream, data: bytes) -> None:
        if data:
            head = {"op": "data", "nonce": nonce, "stream": stream, "bytes": len(data)}
            write_all(self.replies, json.dumps(head).encode() + b"\n" + data)

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
