"""One request under way as the server sees it: child, pipes, log, limits, and in the end the result."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .capped_log import CappedLog
from .launch import Child
from .lines import Lines
from .memory import MIB, GroupMemory, oom_kills
from .result import Result

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage's ru_maxrss: bytes on macOS, KiB elsewhere


@dataclass
class Stream:
    """One pipe from the child, non-blocking, and where its bytes go."""

    fd: int
    take: Callable[[bytes], None]

    def drain(self) -> bool:
        """Reads what is there; True at the pipe's end."""
        with suppress(BlockingIOError):
            while data := os.read(self.fd, 1 << 16):
                self.take(data)
            return True
        return False

    def close(self) -> None:
        os.close(self.fd)


@dataclass(frozen=True)
class End:
    """How a child ended: the status of wait(2) and what it used."""

    status: int
    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass
class Job:
    request: dict[str, Any]
    child: Child
    import_s: float
    stage: str = "import"
    reply: dict[str, Any] | None = None
    killed_for: str | None = None
    peak_mb: float = 0.0
    lines: Lines = field(default_factory=Lines)

    def __post_init__(self) -> None:
        self.nonce: str = self.request["nonce"]
        self.pid = self.child.pid
        self.started = time.monotonic()
        self.oom_kills = oom_kills()
        self.memory = GroupMemory(self.pid)
        self.log = CappedLog(Path(self.request["log"]))
        self.streams = [Stream(self.child.reply_fd, self.hear), Stream(self.child.log_fd, self.log.write)]

    def drain(self) -> list[Stream]:
        """Reads the pipes; returns those that have ended, which the caller closes."""
        ended = [stream for stream in self.streams if stream.drain()]
        self.streams = [stream for stream in self.streams if stream not in ended]
        return ended

    def hear(self, data: bytes) -> None:
        """Takes the child's stages and its reply. What does not carry the nonce was not sent by our code."""
        for line in self.lines.feed(data):
            with suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and message.get("nonce") == self.nonce:
                    self.stage = message["stage"]
                    self.reply = message.get("reply")

    def enforce(self) -> None:
        """Kills the group when its time is over or it holds more memory than it may."""
        if self.killed_for:
            return
        limit = self.request["memory_mb"]
        resident = self.memory.resident_mb(limit)
        self.peak_mb = max(self.peak_mb, resident)
        if resident > limit:
            self.kill("out_of_memory")
        elif time.monotonic() - self.started > self.request["timeout_s"]:
            self.kill("timed_out")

    def kill(self, reason: str) -> None:
        self.killed_for = self.killed_for or reason
        self.kill_group()
        with suppress(ProcessLookupError):  # it may not have become the group's leader yet
            os.kill(self.pid, signal.SIGKILL)

    def kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> End | None:
        """How the child ended, or None while it runs. What it left behind in its group is killed."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.kill_group()
        self.child.ended(os.waitstatus_to_exitcode(status))
        peak_mb = max(self.peak_mb, usage.ru_maxrss * RSS_UNIT / MIB)
        cpu_s = usage.ru_utime + usage.ru_stime
        return End(status, time.monotonic() - self.started, cpu_s, round(peak_mb, 1))

    def result(self, end: End) -> Result:
        """The one result of this request; to be asked once, after the pipes were emptied."""
        self.log.close()
        exit_code = os.waitstatus_to_exitcode(end.status)
        return replace(
            self.judge(exit_code),
            exit_code=exit_code if exit_code >= 0 else None,
            wall_s=end.wall_s,
            cpu_s=end.cpu_s,
            peak_mb=end.peak_mb,
            import_s=self.import_s,
        )

    def judge(self, exit_code: int) -> Result:
        """A reply counts only when the child then ended by itself and in order."""
        if self.killed_for == "out_of_memory":
            limit = self.request["memory_mb"]
            return self.death("out_of_memory", f"it held more than the {limit} MiB allowed")
        if self.killed_for == "timed_out":
            return self.death("timed_out", f"it exceeded its {self.request['timeout_s']:g} s")
        if exit_code < 0:
            return self.death_by_signal(signal.Signals(-exit_code).name)
        if exit_code == 0 and self.reply is not None:
            return Result(stage=self.stage, **self.reply)
        return self.death("no_reply", f"the child ended with exit code {exit_code} and without a reply")

    def death_by_signal(self, name: str) -> Result:
        if self.killed_for:
            return self.death("signaled", f"it was {self.killed_for}", signal=name)
        if name == "SIGABRT" and b"bad_alloc" in self.log.recent:
            return self.death("out_of_memory", "std::bad_alloc", signal=name)
        if name == "SIGKILL" and (oom_kills() or 0) > (self.oom_kills or 0):
            return self.death("out_of_memory", "the kernel's OOM killer struck", signal=name)
        return self.death("signaled", f"the child died by {name}", signal=name)

    def death(self, status: str, why: str, signal: str | None = None) -> Result:
        last = self.log.recent[-4096:].decode(errors="replace")
        error = {"type": signal or status, "message": f"{why} (stage: {self.stage})", "traceback": last}
        return Result(status=status, stage=self.stage, error=error, signal=signal)
