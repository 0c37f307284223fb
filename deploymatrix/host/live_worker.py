"""One started worker: it writes requests to the channel, and a thread hands each reply to its request."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import replace
from typing import Any

from deploymatrix.host.channel import Channel
from deploymatrix.host.frames import Alive, Data, Incoming, ProtocolError, Ready, Result
from deploymatrix.host.messages import Reply, Request, translated
from deploymatrix.host.pending import Death, Pending
from deploymatrix.worker import PROTOCOL

SEND_S = 180.0  # for a request: a server that imports reads nothing
CLOSE_S = 2.0  # a worker that imports cannot hear: after Ctrl-C, nothing may run on for long
END_S = 5.0  # for the reader's end once the worker was killed; an engine that does not answer must not hold us
SILENT_S = 8.0  # a worker that was silent for so long, although it was asked whether it lives, is given up
SMALL = ("run", "describe")  # tasks whose files come over the channel from a worker on the host's disk, too
ON_THE_WIRE = ("task", "timeout_s", "memory_mb", "threads", "most_bytes", "most_files")


class LiveWorker:
    """One started process: a thread reads what it writes and hands each reply to the request of that nonce."""

    def __init__(self, channel: Channel, silent_s: float = SILENT_S) -> None:
        self._silent_s = silent_s
        self.death: Death | None = None
        self._channel = channel
        self._overdue: Death | None = None
        self._pending: dict[str, Pending] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        rooms = (channel.principals or {}).get("rooms")
        self._rooms = threading.BoundedSemaphore(len(rooms)) if rooms else None
        self._greeting: dict[str, Any] = {}
        self._greeted = threading.Event()
        self._heard = time.monotonic()
        self._is_busy = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def greet(self, ready_s: float) -> dict[str, Any]:
        """Return the `ready` message; an empty one when the worker died or stayed silent, as its requests will find."""
        principals = self._channel.principals
        self._send({"op": "hello", "protocol": PROTOCOL, **({"principals": principals} if principals else {})})
        if not self._greeted.wait(ready_s):
            self._give_up(f"not ready after {ready_s:g} s")
        return self._greeting

    def request(self, request: Request, grace_s: float) -> Reply | Death:
        """Send a request and wait for its reply, at most its timeout and `grace_s` seconds.

        Raise OSError where the host cannot write what the task sent.
        """
        if self._rooms is None:
            return self._request(request, grace_s)
        with self._rooms:
            return self._request(request, grace_s)

    def close(self) -> None:
        """Stop the worker, or kill it when it does not end at once."""
        if self._send({"op": "stop"}, within_s=0.0):
            self._reader.join(CLOSE_S)
        self._channel.kill()
        self._reader.join(END_S)

    def _request(self, request: Request, grace_s: float) -> Reply | Death:
        with self._lock:
            if self.death is not None:
                return replace(self.death, shared=bool(self._greeting))
            shares_disk = self._channel.shares_disk
            delivers = not shares_disk or request.task in SMALL
            nonce, pending = uuid.uuid4().hex, Pending(request, delivers=delivers, shares_disk=shares_disk)
            self._pending[nonce] = pending
        try:
            with self._channel.stage() as stage:
                message = self._on_the_wire(request, pending, stage.translate)
                sent = self._send({"op": "submit", "nonce": nonce, **message, "readable": list(stage.readable)})
                self._await(pending, request.timeout_s + grace_s, grace_s)
            answer = pending.taken_in()
        finally:
            pending.close()
        if isinstance(answer, Death) and not sent:  # the worker had died before, idle
            return replace(answer, shared=bool(self._greeting))
        return answer

    def _on_the_wire(self, request: Request, pending: Pending, translate: Any) -> dict[str, Any]:
        fields = {name: getattr(request, name) for name in ON_THE_WIRE}
        paths = {name: translated(getattr(request, name), translate) for name in ("module", "args")}
        return {**fields, **paths, "out": pending.out, "deliver": pending.delivers}

    def _await(self, pending: Pending, patience_s: float, grace_s: float) -> None:
        """Wait for the answer. Give the worker up when it is overdue, or silent although nothing keeps it busy."""
        until, ping_s = time.monotonic() + patience_s, self._silent_s / 4
        while not pending.done.wait(min(ping_s, max(0.0, until - time.monotonic()))):
            silent_s = time.monotonic() - max(self._heard, pending.since)  # an idle worker owes no word
            if time.monotonic() >= until:
                self._give_up(f"no reply {grace_s:g} s after the timeout, as when an import hangs")
            elif silent_s > self._silent_s and not self._is_busy:
                self._give_up(f"it did not answer for {silent_s:.0f} s, as when it was stopped")
            elif silent_s > ping_s / 2:
                self._send({"op": "ping"}, within_s=0.0)

    def _send(self, message: dict[str, Any], within_s: float = SEND_S) -> bool:
        """Return whether the worker was there to be written to; if not, the reader settles what is under way."""
        line = json.dumps(message).encode() + b"\n"
        if not self._sending.acquire(timeout=within_s):  # not the reader's: with both pipes full, it must go on
            return False
        try:
            self._channel.send(line, within_s)
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError) and within_s:  # half a request may have been sent
                self._overdue = Death("timed_out", f"it took no request for {within_s:g} s")
                self._channel.kill()
            return False
        finally:
            self._sending.release()
        return True

    def _give_up(self, what: str) -> None:
        self._overdue = self._overdue or Death("timed_out", what)
        self._channel.kill()
        self._reader.join(END_S)
        if self._reader.is_alive():  # the engine does not tell us of the end
            self._settle_all(self._overdue)

    def _read(self) -> None:
        foreign, incoming = "", Incoming()
        try:
            for data in self._channel.chunks():
                self._heard = time.monotonic()
                for message in incoming.feed(data):
                    self._hear(message)
        except ProtocolError as error:
            foreign = f"it wrote what is not the protocol: {error}"
        finally:
            self._bury(foreign)

    def _hear(self, message: Ready | Alive | Result | Data) -> None:
        if isinstance(message, Ready):
            self._greeting = message.model_dump()
            self._greeted.set()
        elif isinstance(message, Alive):
            self._is_busy = message.busy
        elif isinstance(message, Data):
            self._of(message.head.nonce).take(message.head.stream, message.data)
        else:
            pending = self._of(message.nonce)
            with self._lock:
                del self._pending[message.nonce]
            pending.settle(Reply(**message.model_dump(exclude={"op", "nonce"})))

    def _of(self, nonce: str) -> Pending:
        with self._lock:
            if nonce not in self._pending:
                raise ProtocolError("a message about a request that is not under way")
            return self._pending[nonce]

    def _bury(self, foreign: str) -> None:
        """Settle what is under way with the cause of the worker's end."""
        if foreign:
            self._channel.kill()
        cause = ("no_reply", foreign) if foreign else self._channel.cause_of_death()
        self._settle_all(self._overdue or Death(*cause))
        self._channel.kill()
        self._greeted.set()

    def _settle_all(self, death: Death) -> None:
        with self._lock:
            self.death = death
            pending, self._pending = list(self._pending.values()), {}
        for each in pending:
            each.settle(replace(death, shared=len(pending) > 1, wall_s=time.monotonic() - each.since))
        self._greeted.set()
