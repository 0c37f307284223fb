"""The child: it sets limits and threads, does the task, writes one reply and exits."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from . import describing, exporting, loading, referencing, running, sampling
from .delivering import deliver
from .ending import error_report
from .reading import Reads
from .reporting import Reporter

if TYPE_CHECKING:
    from .principals import Principal
    from .protocol import ChildReply, Submit

Task = Callable[["Submit[Any]", Reporter], Mapping[str, Any]]
TASKS: dict[str, Task] = {
    "sample": sampling.perform,
    "reference": referencing.perform,
    "export": exporting.perform,
    "run": running.perform,
    "describe": describing.perform,
}

RECORDED = ("sample", "reference", "export")  # whose module, model and steps are the user's own code

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "DEPLOYMATRIX_THREADS",
)

# The words of frameworks that cannot get memory and raise something else than MemoryError.
OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "bad_alloc",
)


class Descriptors(NamedTuple):
    """The ends of a child's pipes, on one side: for its reply, for its files, and for all that it says beside."""

    reply: int
    files: int
    log: int = 2


def main_from_stdin(reply_fd: int, files_fd: int) -> NoReturn:
    """Do the request that comes by stdin: the child's entry where it is not a fork."""
    request: Submit[Any] = json.load(sys.stdin.buffer)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    main(request, Descriptors(reply_fd, files_fd))


def main(request: Submit[Any], ends: Descriptors, principal: Principal | None = None) -> NoReturn:
    """Do the request, send its files where the host wants them so, write its reply, and exit."""
    restore_signals()
    for fd in (ends.reply, ends.files):
        os.set_inheritable(fd, False)  # a program that the step starts must not hold them open
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if principal is not None:
        from .principals import confine

        principal.become(request["timeout_s"])
        confine(principal, request["readable"])
    faulthandler.enable(2)  # the log then says where it crashed; the signal still ends the child
    set_threads(request["threads"])
    reporter = Reporter(request["nonce"], ends.reply)
    reporter.finish(reply_to(request, reporter, ends.files))
    flush()
    os._exit(0)


def restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def set_threads(threads: int) -> None:
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    if "torch" in sys.modules:  # it has read its variables at import
        sys.modules["torch"].set_num_threads(threads)


def reply_to(request: Submit[Any], reporter: Reporter, files_fd: int) -> ChildReply:
    """Return the task's value, or the exception that ended it; SystemExit is one, since exporters call sys.exit."""
    try:
        if request["task"] not in TASKS:
            raise ValueError(f"unknown task {request['task']!r}: this worker does {', '.join(TASKS)}")
        shared = [loading.load(path) for path in loading.framework_side(request)]  # a fork has them already
        if request["task"] in RECORDED:
            reporter.reads = Reads(shared)
            reporter.reads.begin()
        value = dict(TASKS[request["task"]](request, reporter))
        if request["deliver"]:
            deliver(Path(request["out"]), files_fd, request["most_files"])
        return {"status": "ok", "value": value}
    except BaseException as error:
        report = error_report(error)
        print(report["traceback"], file=sys.stderr)
        return {"status": "out_of_memory" if lacks_memory(error) else "failed", "error": report}


def lacks_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)


def flush() -> None:
    """Write out Python's buffers and those of C libraries, which `os._exit` would throw away."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError, OSError):  # a step may have closed it
            stream.flush()
    ctypes.CDLL(None).fflush(None)
