"""One request under way as the server sees it: child, pipes, log, limits, and at last how it ended.

Nothing that a child says is believed but lines of the right form with its nonce, and no reply before all is dead that
ran under the task's user id, where it has one.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from .capped_log import CappedLog
from .childs_words import heard_of
from .ending import Ending
from .launch import Child
from .lines import Lines
from .memory import MIB, GroupMemory, oom_kills
from .sweeping import Sweep

if TYPE_CHECKING:
    from .principals import Principal
    from .protocol import ChildReply, ErrorReport, Stage, Status, Submit

KillReason = Literal["out_of_memory", "timed_out", "stopped", "too_much"]

# Pieces of 64 KiB from one pipe at a time: a child that never stops writing must not keep the server from others.
SOME, REST = 64, 1024  # while it runs; once it is dead, when a pipe holds 1 MiB at the most
MOST_READS = 10_000  # files that a child may name as read
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage's ru_maxrss: bytes on macOS, KiB elsewhere


@dataclass
class Stream:
    """One pipe from the child, non-blocking, and where its bytes go."""

    fd: int
    take: Callable[[bytes], None]

    def drain(self, most: int) -> bool:
        """Read what is there, at most so many pieces of 64 KiB; return whether the pipe has ended."""
        with suppress(BlockingIOError):
            for _ in range(most):
                data = os.read(self.fd, 1 << 16)
                if not data:
                    return True
                self.take(data)
        return False

    def close(self) -> None:
        os.close(self.fd)


@dataclass(frozen=True)
class ChildExit:
    """The exit of a child: the status of wait(2), wall and CPU seconds, and the group's peak memory in MiB."""

    status: int
    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass
class Attempt:
    """One child at work on one request. `send_files` takes what it sends of its files, as it comes."""

    request: Submit[Any]
    child: Child
    import_s: float
    send_files: Callable[[bytes], None]
    principal: Principal | None = None
    stage: Stage = "import"
    reply: ChildReply | None = None
    killed_for: KillReason | None = None
    peak_mb: float = 0.0
    exit: ChildExit | None = None
    reads: list[str] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)

    def __post_init__(self) -> None:
        self.nonce = self.request["nonce"]
        self.pid = self.child.pid
        self.started = time.monotonic()
        self.oom_kills = oom_kills()
        owner = self.principal
        self.memory = GroupMemory(self.pid, (lambda: owner.survivors(0)) if owner else None)
        self.sweep = Sweep(owner) if owner else None
        self.log = CappedLog()
        self.files_left = self.request["most_bytes"]
        self.streams = [
            Stream(self.child.pipes.reply, self.hear),
            Stream(self.child.pipes.files, self.pass_on),
            Stream(self.child.pipes.log, self.log.write),
        ]

    def drain(self, most: int = SOME) -> list[Stream]:
        """Read the pipes; return those that have ended, which the caller closes."""
        ended = [stream for stream in self.streams if stream.drain(most)]
        self.streams = [stream for stream in self.streams if stream not in ended]
        return ended

    def hear(self, data: bytes) -> None:
        """Take the child's stages and its reply. A line without the nonce did not come from our code."""
        for line in self.lines.feed(data):
            message = heard_of(line, self.nonce)
            if message is not None:
                self.stage = message["stage"]
                self.reads += message.get("reads", [])[: MOST_READS - len(self.reads)]
                self.reply = message.get("reply")

    def pass_on(self, data: bytes) -> None:
        """Pass on what the child sends of its files, as far as it may send."""
        self.files_left -= len(data)
        if self.files_left < 0:
            self.kill("too_much")
        else:
            self.send_files(data)

    def enforce(self) -> None:
        """Kill the group when its time is over or it holds more memory than it may."""
        if self.killed_for or self.exit is not None:
            return
        limit = self.request["memory_mb"]
        resident = self.memory.resident_mb(limit)
        resident += self.principal.used_bytes() / MIB if self.principal else 0.0  # its folder lies in memory
        self.peak_mb = max(self.peak_mb, resident)
        if resident > limit:
            self.kill("out_of_memory")
        elif time.monotonic() - self.started > self.request["timeout_s"]:
            self.kill("timed_out")

    def kill(self, reason: KillReason) -> None:
        """Kill the child and its group; the first reason counts."""
        self.killed_for = self.killed_for or reason
        self.kill_group()
        with suppress(ProcessLookupError):  # it may not have become the group's leader yet
            os.kill(self.pid, signal.SIGKILL)

    def kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> ChildExit | None:
        """Return the child's exit, or None while it runs. Kill what it left behind in its group."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self.kill_group()
        self.child.mark_ended(os.waitstatus_to_exitcode(status))
        peak_mb = max(self.peak_mb, usage.ru_maxrss * RSS_UNIT / MIB)
        cpu_s = usage.ru_utime + usage.ru_stime
        return ChildExit(status, time.monotonic() - self.started, cpu_s, round(peak_mb, 1))

    def settled(self) -> ChildExit | None:
        """Return the child's exit once nothing is left of its task: neither process nor file. Else None."""
        self.exit = self.exit or self.reap()
        if self.exit is None or (self.sweep is not None and not self.sweep.is_done()):
            return None
        return self.exit

    def ending(self, child_exit: ChildExit) -> Ending:
        """Return how the request ended. Call it once, after the pipes were emptied."""
        exit_code = os.waitstatus_to_exitcode(child_exit.status)
        return replace(
            self.judge(exit_code),
            exit_code=exit_code if exit_code >= 0 else None,
            wall_s=child_exit.wall_s,
            cpu_s=child_exit.cpu_s,
            peak_mb=child_exit.peak_mb,
            import_s=self.import_s,
            reads=sorted(self.reads),
        )

    def judge(self, exit_code: int) -> Ending:
        """Accept the reply only of a child that then ended by itself and in order."""
        if self.killed_for == "out_of_memory":
            limit = self.request["memory_mb"]
            return self.death("out_of_memory", f"it held more than the {limit} MiB allowed")
        if self.killed_for == "timed_out":
            return self.death("timed_out", f"it exceeded its {self.request['timeout_s']:g} s")
        if self.killed_for == "too_much":
            return self.death("failed", f"it sent more than the {self.request['most_bytes']:,} bytes of files allowed")
        if exit_code < 0:
            return self.death_by_signal(signal.Signals(-exit_code).name)
        if exit_code == 0 and self.reply is not None:
            return Ending(stage=self.stage, **self.reply)
        return self.death("no_reply", f"the child ended with exit code {exit_code} and without a reply")

    def death_by_signal(self, name: str) -> Ending:
        if name == "SIGABRT" and b"bad_alloc" in self.log.recent:
            return self.death("out_of_memory", "std::bad_alloc", signal=name)
        if name == "SIGKILL" and (oom_kills() or 0) > (self.oom_kills or 0):
            return self.death("out_of_memory", "the kernel's OOM killer struck", signal=name)
        return self.death("signaled", f"the child died by {name}", signal=name)

    def death(self, status: Status, why: str, signal: str | None = None) -> Ending:
        last = self.log.recent[-4096:].decode(errors="replace")
        error: ErrorReport = {"type": signal or status, "message": f"{why} (stage: {self.stage})", "traceback": last}
        return Ending(status=status, stage=self.stage, error=error, signal=signal)
