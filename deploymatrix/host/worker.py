"""The host's side of a worker: one started process, any number of requests at once, a reply for each.

A worker is started on its first request and started again after it died. Faults of a task, of a step's code
or of a runtime come back as a `Reply`; exceptions are left for faults of our own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from deploymatrix.host.channel import Channel
from deploymatrix.host.live_worker import SILENT_S, LiveWorker
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.pending import Death
from deploymatrix.host.turns import Turns

READY_S = 120.0  # a cold interpreter on a slow disk, or a container
GRACE_S = 180.0  # beyond a request's own timeout: the server may have to import a framework first, or several


class WorkerClosed(RuntimeError):
    """A request met a worker that its owner has closed: nothing is known about the task."""


class Worker:
    """Requests to one environment or container. Thread-safe; at most one process at a time."""

    def __init__(
        self,
        start: Callable[[], Channel],
        ready_s: float = READY_S,
        grace_s: float = GRACE_S,
        silent_s: float = SILENT_S,
    ) -> None:
        self.start, self.ready_s, self.grace_s, self.silent_s = start, ready_s, grace_s, silent_s
        self.ready: dict[str, Any] = {}  # the last start's `ready` message: runtime, versions
        self.start_s = 0.0  # seconds from the last start to `ready`
        self._live: LiveWorker | None = None
        self._starting = threading.Lock()
        self._turns = Turns()
        self._closed = False

    def request(self, request: Request) -> Reply:
        """Do the task; block until it has ended. Raise WorkerClosed, or what `start` raised.

        When the worker dies with several requests under way, nobody knows which one killed it: each is sent
        once more, with nothing beside it.
        """
        with self._turns.shared():
            answer = self._attempt(request)
        if isinstance(answer, Death) and answer.shared:
            with self._turns.alone():
                answer = self._attempt(request)
        return answer.as_reply(request) if isinstance(answer, Death) else answer

    def close(self) -> None:
        """End the process and its children; requests under way raise WorkerClosed."""
        self._closed = True
        if self._live is not None:
            self._live.close()

    def _attempt(self, request: Request) -> Reply | Death:
        answer = self._running().request(request, self.grace_s)
        if self._closed and isinstance(answer, Death):
            raise WorkerClosed("the worker was closed with this request under way")
        return answer

    def _running(self) -> LiveWorker:
        with self._starting:
            if self._live is None or self._live.death is not None:
                self._live = self._started()
            return self._live

    def _started(self) -> LiveWorker:
        if self._closed:
            raise WorkerClosed("the worker was closed")
        begin = time.monotonic()
        live = self._live = LiveWorker(self.start(), self.silent_s)
        if self._closed:  # meanwhile, by a thread that did not see this process yet
            live.close()
        self.ready = live.greet(self.ready_s)
        self.start_s = time.monotonic() - begin
        return live
