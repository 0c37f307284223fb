"""The worker's loop: takes requests from the channel, starts a child for each, watches them, sends results.

Single-threaded, because it forks. Modules are imported here, once, before the first fork that needs them;
nothing else of a framework runs here, since one that has started threads deadlocks in a fork.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import time
from pathlib import Path
from typing import Any

from . import launch, loading
from .job import Job
from .lines import Lines
from .reaper import Reaper
from .result import Result, failure

TICK_S = 0.05  # how often memory and deadlines are looked at; a child's end wakes the loop at once


class Server:
    def __init__(self, commands: int, replies: int, reaper: Reaper) -> None:
        self.commands, self.replies, self.reaper = commands, replies, reaper
        self.lines = Lines()
        self.jobs: dict[str, Job] = {}
        self.serving = True
        self.selector = selectors.DefaultSelector()
        self.selector.register(commands, selectors.EVENT_READ, self.read_commands)
        self.wakeup = self.wake_on_child()

    def serve(self) -> None:
        """Serves until `stop` or the channel's end, then kills what is still under way."""
        while self.serving:
            for key, _ in self.selector.select(TICK_S if self.jobs else None):
                key.data()
            self.reap()
            for job in self.jobs.values():
                job.enforce()
        for job in self.jobs.values():
            job.kill("stopped")
            os.waitpid(job.pid, 0)

    def read_commands(self) -> None:
        data = os.read(self.commands, 1 << 16)
        self.serving = bool(data)
        for line in self.lines.feed(data):
            self.obey(json.loads(line))

    def obey(self, command: dict[str, Any]) -> None:
        match command["op"]:
            case "submit":
                self.submit(command)
            case "cancel":
                if command["nonce"] in self.jobs:  # else its result is on its way
                    self.jobs[command["nonce"]].kill("cancelled")
            case "stop":
                self.serving = False
            case other:
                raise ValueError(f"unknown operation {other!r}: host and worker differ in version")

    def submit(self, request: dict[str, Any]) -> None:
        start, cpu = time.monotonic(), time.process_time()
        try:
            if launch.FORKS and loading.preload(request):
                gc.freeze()  # a collection in the child would copy every page of the frameworks' objects
            import_s = time.monotonic() - start
            child = launch.start(request, closing=self.descriptors())
        except Exception as error:  # the module's fault, or no process to be had: this request's result
            self.refuse(request, error, time.monotonic() - start, time.process_time() - cpu)
            return
        self.watch(Job(request, child, import_s))

    def refuse(self, request: dict[str, Any], error: Exception, wall_s: float, cpu_s: float) -> None:
        report = failure(error)
        log = Path(request["log"])
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(report["traceback"], encoding="utf-8")
        result = Result("failed", "import", error=report, wall_s=wall_s, cpu_s=cpu_s, import_s=wall_s)
        self.send(result.message(request["nonce"]))

    def watch(self, job: Job) -> None:
        self.jobs[job.nonce] = job
        self.reaper.watch(job.pid)
        for stream in job.streams:
            self.selector.register(stream.fd, selectors.EVENT_READ, lambda: self.drain(job))

    def drain(self, job: Job) -> None:
        for stream in job.drain():
            self.selector.unregister(stream.fd)
            stream.close()

    def reap(self) -> None:
        """Sends the result of each child that has ended; its pipes are emptied after its group is dead."""
        for job in list(self.jobs.values()):
            end = job.reap()
            if end is None:
                continue
            self.drain(job)
            for stream in job.streams:
                self.selector.unregister(stream.fd)
                stream.close()
            del self.jobs[job.nonce]
            self.reaper.forget(job.pid)
            self.send(job.result(end).message(job.nonce))

    def send(self, message: dict[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[os.write(self.replies, data) :]

    def descriptors(self) -> list[int]:
        """What a forked child must close: above all the channel, which it could otherwise write to."""
        others = [stream.fd for job in self.jobs.values() for stream in job.streams]
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
