"""A request under way: what came of it so far, and at last its answer with its files where the host alone may write."""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO

from deploymatrix.host.delivery import Delivery, NotDelivered
from deploymatrix.host.frames import ProtocolError
from deploymatrix.host.intake import check_left, remove
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.values import check_value

MOST_LOG = 2 << 20  # bytes: a worker keeps 1 MiB


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


class Pending:
    """A request under way. The worker's reader feeds it; the thread that asked takes the answer in.

    `own`: a folder that a task on the host's disk may write to; None where it has none. `delivers`: the task's files
    come over the channel; otherwise they are left in `own`.
    """

    def __init__(self, request: Request, *, delivers: bool, shares_disk: bool) -> None:
        self.request, self.delivers = request, delivers
        self.own = (request.own or request.out.with_name("task")) if shares_disk else None
        self.since = time.monotonic()
        self.done = threading.Event()
        self._answer: Reply | Death | None = None
        self._fault: OSError | None = None
        self._files = Delivery(request.out, request.most_bytes, request.most_files)
        self._log: IO[bytes] | None = None
        self._log_left = MOST_LOG
        with suppress(FileNotFoundError):  # of an attempt before: a worker died
            shutil.rmtree(request.out)
        self._remove_own()
        if self.own is not None:
            self.own.mkdir(parents=True)

    @property
    def out(self) -> str:
        """Where the task shall leave its files; empty where that is for its worker to say."""
        return str(self.own / "out") if self.own is not None else ""

    def take(self, stream: str, data: bytes) -> None:
        """Write a piece. A fault of the host's disk is kept for the thread that asked."""
        if self._fault is not None:
            return
        try:
            if stream == "files":
                self._files.feed(data)
            else:
                self._write_log(data[: self._log_left])
        except OSError as error:
            self._fault = error

    def settle(self, answer: Reply | Death) -> None:
        if self._answer is None:
            self._answer = answer
        self.done.set()

    def taken_in(self) -> Reply | Death:
        """Return the answer; a failure where what came with it may not be used. Raise what the host's disk raised."""
        self.done.wait()
        if self._fault is not None:
            raise self._fault
        answer = self._answer
        assert answer is not None
        if isinstance(answer, Death) or answer.status != "ok":
            return answer
        try:
            check_value(self.request.task, answer.value)
            self._take_files()
        except (NotDelivered, ProtocolError) as error:
            report = {"type": type(error).__name__, "message": str(error), "traceback": "", "chain": []}
            return replace(answer, status="failed", value=None, error=report)
        return answer

    def close(self) -> None:
        """Let go of all files, and remove the task's own folder."""
        self._files.close()
        if self._log is not None:
            self._log.close()
        self._remove_own()

    def _take_files(self) -> None:
        if self.delivers:
            problem = self._files.end()
            if problem:
                raise NotDelivered(problem)
            return
        assert self.own is not None, "a task that delivers nothing has a folder on the host's disk"
        left = self.own / "out"
        check_left(self.own)
        if left.exists():
            left.rename(self.request.out)

    def _remove_own(self) -> None:
        if self.own is not None:
            remove(self.own)

    def _write_log(self, data: bytes) -> None:
        if self._log is None:
            self.request.log.parent.mkdir(parents=True, exist_ok=True)
            self.request.log.unlink(missing_ok=True)
            self._log = os.fdopen(os.open(self.request.log, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        self._log_left -= len(data)
        self._log.write(data)
        self._log.flush()
