"""The host's side of a worker: one started process, any number of requests at once, a reply for each.

A worker is started on its first request and started again after it died. Faults of a task, of a step's code
or of a runtime come back as a `Reply`; exceptions are left for faults of our own.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from deploymatrix.host.channel import Channel
from deploymatrix.host.messages import Reply, Request, translated
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.turns import Turns
from deploymatrix.worker import PROTOCOL

__all__ = ["Channel", "Reply", "Request", "Worker", "WorkerClosed", "process_channel"]

READY_S = 120.0  # a cold interpreter on a slow disk, or a container
GRACE_S = 180.0  # beyond a request's own timeout: the server may have to import a framework first, or several
CLOSE_S = 2.0  # a worker that imports cannot hear: after Ctrl-C, nothing may run on for long


class WorkerClosed(RuntimeError):
    """A request met a worker that its owner has closed: nothing is known about the task."""


class Worker:
    """Requests to one environment or container. Thread-safe; at most one process at a time."""

    def __init__(
        self,
        start: Callable[[], Channel],
        variables: dict[str, str] | None = None,
        ready_s: float = READY_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self.start, self.variables, self.ready_s, self.grace_s = start, variables or {}, ready_s, grace_s
        self.ready: dict[str, Any] = {}  # the last start's `ready` message: runtime, versions
        self.start_s = 0.0  # seconds from the last start to `ready`
        self._live: _Live | None = None
        self._starting = threading.Lock()
        self._turns = Turns()
        self._closed = False

    def request(self, request: Request) -> Reply:
        """Does the task; blocks. Raises WorkerClosed, or what `start` raised.

        Of several requests under way when the worker died, nobody knows which one killed it: each is sent
        once more, with nothing beside it.
        """
        with self._turns.shared():
            reply = self._attempt(request)
        if isinstance(reply, Reply):
            return reply
        if not reply.shared:
            return reply.as_reply(request)
        with self._turns.alone():
            reply = self._attempt(request)
        return reply if isinstance(reply, Reply) else reply.as_reply(request)

    def close(self) -> None:
        """Ends the process and its children; requests under way raise WorkerClosed."""
        self._closed = True
        if self._live is not None:
            self._live.close()

    def _attempt(self, request: Request) -> Reply | _Death:
        answer = self._running().request(request, self.grace_s)
        if self._closed and isinstance(answer, _Death):
            raise WorkerClosed("the worker was closed with this request under way")
        return answer

    def _running(self) -> _Live:
        with self._starting:
            if self._live is None or self._live.death is not None:
                self._live = self._started()
            return self._live

    def _started(self) -> _Live:
        if self._closed:
            raise WorkerClosed("the worker was closed")
        begin = time.monotonic()
        live = self._live = _Live(self.start())
        if self._closed:  # meanwhile, by a thread that did not see this process yet
            live.close()
        self.ready = live.greet(self.variables, self.ready_s)
        self.start_s = time.monotonic() - begin
        return live


@dataclass(frozen=True)
class _Death:
    """The end of a worker as one of its requests sees it."""

    status: str
    what: str
    stage: str = "import"
    shared: bool = False  # others were under way, or this one was not: it may be innocent
    wall_s: float = 0.0

    def as_reply(self, request: Request) -> Reply:
        error = {
            "type": self.status,
            "message": f"the worker ended during {request.task}: {self.what}",
            "traceback": "",
        }
        return Reply(self.status, self.stage, error=error, wall_s=self.wall_s)


@dataclass
class _Pending:
    since: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    answer: Reply | _Death | None = None

    def settle(self, answer: Reply | _Death) -> None:
        self.answer = answer
        self.done.set()


class _Live:
    """One started process: a thread reads its lines and hands each reply to the request of that nonce."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.death: _Death | None = None
        self.overdue: _Death | None = None
        self.pending: dict[str, _Pending] = {}
        self.lock = threading.Lock()
        self.sending = threading.Lock()
        self.greeting: dict[str, Any] = {}
        self.greeted = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def greet(self, variables: dict[str, str], ready_s: float) -> dict[str, Any]:
        """The `ready` message; empty when the worker died or was silent: its requests will learn it."""
        self.send({"op": "hello", "protocol": PROTOCOL, "variables": variables})
        if not self.greeted.wait(ready_s):
            self.give_up(f"not ready after {ready_s:g} s")
        return self.greeting

    def request(self, request: Request, grace_s: float) -> Reply | _Death:
        nonce, pending = uuid.uuid4().hex, _Pending()
        with self.lock:
            if self.death is not None:
                return replace(self.death, shared=bool(self.greeting))
            self.pending[nonce] = pending
        sent = self.send({"op": "submit", "nonce": nonce, **self.on_the_wire(request)})
        if not pending.done.wait(request.timeout_s + grace_s):
            self.give_up(f"no reply {grace_s:g} s after the timeout, as when an import hangs")
            pending.done.wait()
        assert pending.answer is not None
        if isinstance(pending.answer, _Death) and not sent:  # the worker had died before, idle
            return replace(pending.answer, shared=bool(self.greeting))
        return pending.answer

    def on_the_wire(self, request: Request) -> dict[str, Any]:
        names = ("task", "module", "args", "out", "log", "timeout_s", "memory_mb", "threads")
        return {name: translated(getattr(request, name), self.channel.translate) for name in names}

    def send(self, message: dict[str, Any]) -> bool:
        """Whether the worker was there to be written to; if not, the reader settles what is under way."""
        line = json.dumps(message).encode() + b"\n"
        try:
            with self.sending:  # not the reader's lock: with both pipes full, the reader must go on
                self.channel.send(line)
        except (OSError, ValueError):
            return False
        return True

    def give_up(self, what: str) -> None:
        self.overdue = _Death("timed_out", what)
        self.channel.kill()
        self.reader.join()

    def close(self) -> None:
        self.send({"op": "stop"})
        self.reader.join(CLOSE_S)
        self.channel.kill()
        self.reader.join()

    def read(self) -> None:
        foreign = ""
        try:
            for line in self.channel.lines():
                self.hear(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            foreign = f"it wrote what is not the protocol: {error!r}"
        finally:
            self.bury(foreign)

    def hear(self, message: dict[str, Any]) -> None:
        if message["op"] == "ready":
            self.greeting = message
            self.greeted.set()
        elif message["op"] == "result":
            fields = {name: message[name] for name in Reply.__dataclass_fields__ if name in message}
            with self.lock:
                pending = self.pending.pop(message["nonce"])
            pending.settle(Reply(**fields))

    def bury(self, foreign: str) -> None:
        """Settles what is under way with the cause of the worker's end."""
        if foreign:
            self.channel.kill()
        death = self.overdue or _Death(*(("no_reply", foreign) if foreign else self.channel.cause_of_death()))
        with self.lock:
            self.death = death
            pending, self.pending = list(self.pending.values()), {}
        self.channel.kill()
        for each in pending:
            each.settle(replace(death, shared=len(pending) > 1, wall_s=time.monotonic() - each.since))
        self.greeted.set()
