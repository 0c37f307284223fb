"""A worker that is a process on this host."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from deploymatrix.host.channel import Channel, SamePaths, Stage
from deploymatrix.host.process_environment import own_environment
from deploymatrix.worker.memory import oom_kills

CHUNK = 1 << 16
END_S = 5.0  # between a worker's last line and its end


def process_channel(command: list[str], variables: dict[str, str], log: Path) -> Channel:
    """Start the worker as a process of its own session. Its stderr goes to `log`."""
    return _ProcessChannel(command, variables, log)


class _ProcessChannel:
    """The line to a worker process; see Channel for its methods."""

    shares_disk = True
    principals = None

    def __init__(self, command: list[str], variables: dict[str, str], log: Path) -> None:
        self.log = log
        self.oom_kills = oom_kills() or 0
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=own_environment() | variables,
                start_new_session=True,
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, line: bytes, within_s: float) -> None:
        if self.process.poll() is not None:  # its pipe may be open still, for a moment, at its reaper
            raise BrokenPipeError("the worker has ended")
        until, rest = time.monotonic() + within_s, memoryview(line)
        while rest:
            if not select.select([], [self.stdin], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError(f"the worker takes nothing for {within_s:g} s")
            rest = rest[os.write(self.stdin.fileno(), rest[: select.PIPE_BUF]) :]

    def chunks(self) -> Iterator[bytes]:
        with self.stdout:
            while data := os.read(self.stdout.fileno(), CHUNK):
                yield data

    def stage(self) -> AbstractContextManager[Stage]:
        return nullcontext(SamePaths())

    def kill(self) -> None:
        """Kill the worker. Its children lead sessions of their own: its reaper kills them once it is dead."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        with suppress(OSError):  # a last line that nobody can read any more
            self.stdin.close()

    def cause_of_death(self) -> tuple[str, str]:
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return "no_reply", "it closed its channel and did not end"
        if code >= 0:
            return "no_reply", f"it ended with exit code {code}; its log says: {self.last_words()}"
        name = signal.Signals(-code).name
        if name == "SIGKILL" and (oom_kills() or 0) > self.oom_kills:
            return "out_of_memory", "the kernel's OOM killer struck the worker"
        return "signaled", f"it died by {name}; its log says: {self.last_words()}"

    def last_words(self) -> str:
        return self.log.read_bytes()[-2048:].decode(errors="replace").strip() or "nothing"
