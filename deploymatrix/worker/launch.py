"""The start of a child for a request: by fork where there is one, else by a new interpreter.

`DEPLOYMATRIX_WORKER_START=spawn` asks for the interpreter also where fork exists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import child as body
from .child import Descriptors

if TYPE_CHECKING:
    from .principals import Principal
    from .protocol import Submit

FORKS = hasattr(os, "fork") and os.environ.get("DEPLOYMATRIX_WORKER_START") != "spawn"


@dataclass
class Child:
    """A started child: leader of its own session, with pipes for its reply, its files and all its output."""

    pid: int
    pipes: Descriptors
    process: subprocess.Popen[bytes] | None = None

    def mark_ended(self, exit_code: int) -> None:
        """Take note that somebody else has waited for the child."""
        if self.process is not None:
            self.process.returncode = exit_code  # else subprocess would wait for it once more


def start(
    request: Submit[Any], closing: list[int], watch: Callable[[int], None], principal: Principal | None = None
) -> Child:
    """Start a child; `closing` are the server's descriptors that a fork must close. Raise OSError.

    Raise RuntimeError where it shall be a principal of its own and there is no fork. `watch` is told the child's group
    before anything of the task happens: whenever the server dies, somebody knows what it leaves.
    """
    if principal is not None and not FORKS:
        raise RuntimeError("without fork, a task cannot be a principal of its own")
    pipes = [os.pipe() for _ in range(3)]
    ours, theirs = Descriptors(*[read for read, _ in pipes]), Descriptors(*[write for _, write in pipes])
    try:
        if FORKS:
            child = Child(fork(request, theirs, [*closing, *ours], watch, principal), ours)
        else:
            process = spawn(request, theirs, watch)
            child = Child(process.pid, ours, process)
    except OSError:
        for fd in ours:
            os.close(fd)
        raise
    finally:
        for fd in theirs:
            os.close(fd)
    for fd in ours:
        os.set_blocking(fd, False)
    return child


def fork(
    request: Submit[Any],
    ends: Descriptors,
    closing: list[int],
    watch: Callable[[int], None],
    principal: Principal | None,
) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        watch(os.getpid())  # not the server: it may die between the fork and its next line
        for fd in (1, 2):
            os.dup2(ends.log, fd)
        for fd in [*closing, ends.log]:
            os.close(fd)
        body.main(request, ends, principal)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)  # whatever happened, a forked child never returns into the server's loop


def spawn(request: Submit[Any], ends: Descriptors, watch: Callable[[int], None]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-s", str(Path(__file__).parent), "child", str(ends.reply), str(ends.files)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=ends.log,
        stderr=ends.log,
        pass_fds=[ends.reply, ends.files],
        start_new_session=True,
    )
    assert process.stdin is not None
    watch(process.pid)  # until it has the request, it does nothing
    try:
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it died at once; its end is what the server will see
    return process
