"""One started worker: it writes requests to the channel, and a thread hands each reply to its request."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from deploymatrix.host.channel import Channel
from deploymatrix.host.messages import Reply, Request, translated
from deploymatrix.worker import PROTOCOL

CLOSE_S = 2.0  # a worker that imports cannot hear: after Ctrl-C, nothing may run on for long
ON_THE_WIRE = ("task", "module", "args", "out", "log", "timeout_s", "memory_mb", "threads")


@dataclass(frozen=True)
class Death:
    """The end of a worker as one of its requests sees it."""

    status: str
    what: str
    stage: str = "import"
    shared: bool = False  # others were under way, or this one was not: it may be innocent
    wall_s: float = 0.0

    def as_reply(self, request: Request) -> Reply:
        """Return the reply to a request that died with the worker."""
        message = f"the worker ended during {request.task}: {self.what}"
        error = {"type": self.status, "message": message, "traceback": ""}
        return Reply(self.status, self.stage, error=error, wall_s=self.wall_s)


class LiveWorker:
    """One started process: a thread reads its lines and hands each reply to the request of that nonce."""

    def __init__(self, channel: Channel) -> None:
        self.death: Death | None = None
        self._channel = channel
        self._overdue: Death | None = None
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._greeting: dict[str, Any] = {}
        self._greeted = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def greet(self, ready_s: float) -> dict[str, Any]:
        """Return the `ready` message; an empty one when the worker died or stayed silent, as its requests will find."""
        self._send({"op": "hello", "protocol": PROTOCOL})
        if not self._greeted.wait(ready_s):
            self._give_up(f"not ready after {ready_s:g} s")
        return self._greeting

    def request(self, request: Request, grace_s: float) -> Reply | Death:
        """Send a request and wait for its reply, at most its timeout and `grace_s` seconds."""
        nonce, pending = uuid.uuid4().hex, _Pending()
        with self._lock:
            if self.death is not None:
                return replace(self.death, shared=bool(self._greeting))
            self._pending[nonce] = pending
        sent = self._send({"op": "submit", "nonce": nonce, **self._on_the_wire(request)})
        if not pending.done.wait(request.timeout_s + grace_s):
            self._give_up(f"no reply {grace_s:g} s after the timeout, as when an import hangs")
            pending.done.wait()
        assert pending.answer is not None
        if isinstance(pending.answer, Death) and not sent:  # the worker had died before, idle
            return replace(pending.answer, shared=bool(self._greeting))
        return pending.answer

    def close(self) -> None:
        """Stop the worker, or kill it when it does not end at once."""
        self._send({"op": "stop"})
        self._reader.join(CLOSE_S)
        self._channel.kill()
        self._reader.join()

    def _on_the_wire(self, request: Request) -> dict[str, Any]:
        return {name: translated(getattr(request, name), self._channel.translate) for name in ON_THE_WIRE}

    def _send(self, message: dict[str, Any]) -> bool:
        """Return whether the worker was there to be written to; if not, the reader settles what is under way."""
        line = json.dumps(message).encode() + b"\n"
        try:
            with self._sending:  # not the reader's lock: with both pipes full, the reader must go on
                self._channel.send(line)
        except (OSError, ValueError):
            return False
        return True

    def _give_up(self, what: str) -> None:
        self._overdue = Death("timed_out", what)
        self._channel.kill()
        self._reader.join()

    def _read(self) -> None:
        foreign = ""
        try:
            for line in self._channel.lines():
                self._hear(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            foreign = f"it wrote what is not the protocol: {error!r}"
        finally:
            self._bury(foreign)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["op"] == "ready":
            self._greeting = message
            self._greeted.set()
        elif message["op"] == "result":
            fields = {name: message[name] for name in Reply.__dataclass_fields__ if name in message}
            with self._lock:
                pending = self._pending.pop(message["nonce"])
            pending.settle(Reply(**fields))

    def _bury(self, foreign: str) -> None:
        """Settle what is under way with the cause of the worker's end."""
        if foreign:
            self._channel.kill()
        death = self._overdue or Death(*(("no_reply", foreign) if foreign else self._channel.cause_of_death()))
        with self._lock:
            self.death = death
            pending, self._pending = list(self._pending.values()), {}
        self._channel.kill()
        for each in pending:
            each.settle(replace(death, shared=len(pending) > 1, wall_s=time.monotonic() - each.since))
        self._greeted.set()


@dataclass
class _Pending:
    """A request under way, and what became of it."""

    since: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    answer: Reply | Death | None = None

    def settle(self, answer: Reply | Death) -> None:
        self.answer = answer
        self.done.set()
