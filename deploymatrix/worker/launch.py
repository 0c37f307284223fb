"""The start of a child for a request: by fork where there is one, else by a new interpreter.

`DEPLOYMATRIX_WORKER_START=spawn` asks for the interpreter also where fork exists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import child as body

if TYPE_CHECKING:
    from .protocol import Submit

FORKS = hasattr(os, "fork") and os.environ.get("DEPLOYMATRIX_WORKER_START") != "spawn"


@dataclass
class Child:
    """A started child: leader of its own session, with a pipe for its reply and one for all its output."""

    pid: int
    reply_fd: int
    log_fd: int
    process: subprocess.Popen[bytes] | None = None

    def mark_ended(self, exit_code: int) -> None:
        """Take note that somebody else has waited for the child."""
        if self.process is not None:
            self.process.returncode = exit_code  # else subprocess would wait for it once more


def start(request: Submit[Any], closing: list[int]) -> Child:
    """Start a child; `closing` are the server's descriptors that a fork must close. Raise OSError."""
    reply_read, reply_write = os.pipe()
    log_read, log_write = os.pipe()
    try:
        if FORKS:
            child = Child(fork(request, reply_write, log_write, [*closing, reply_read, log_read]), reply_read, log_read)
        else:
            process = spawn(request, reply_write, log_write)
            child = Child(process.pid, reply_read, log_read, process)
    except OSError:
        os.close(reply_read)
        os.close(log_read)
        raise
    finally:
        os.close(reply_write)
        os.close(log_write)
    os.set_blocking(reply_read, False)
    os.set_blocking(log_read, False)
    return child


def fork(request: Submit[Any], reply_fd: int, log_fd: int, closing: list[int]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for fd in (1, 2):
            os.dup2(log_fd, fd)
        for fd in [*closing, log_fd]:
            os.close(fd)
        body.main(request, reply_fd)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)  # whatever happened, a forked child never returns into the server's loop


def spawn(request: Submit[Any], reply_fd: int, log_fd: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-s", str(Path(__file__).parent), "child", str(reply_fd)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=log_fd,
        stderr=log_fd,
        pass_fds=[reply_fd],
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it died at once; its end is what the server will see
    return process
