"""Before the loop: the channel is moved to safety, the host greeted, its variables set; then, imports."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import signal
import sys
from typing import Any

from . import PROTOCOL
from .reaper import Reaper


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the host, which ends the channel
    commands, replies = private_channel()
    reaper = Reaper.start(closing=[commands, replies])
    greet(json.loads(first_line(commands)), replies)

    from .server import Server  # imports numpy, which reads the variables just set

    Server(commands, replies, reaper).serve()
    sys.stderr.flush()
    os._exit(0)  # frameworks crash or hang in interpreter shutdown often enough


def private_channel() -> tuple[int, int]:
    """Moves the channel away from descriptors 0 and 1, where any library may read and write."""
    commands, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return commands, replies


def first_line(commands: int) -> bytes:
    """Read byte by byte, to leave what follows to the loop."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(commands, 1)
        if not byte:
            raise EOFError("the channel ended before the host said hello")
        line += byte
    return bytes(line)


def greet(hello: dict[str, Any], replies: int) -> None:
    if hello["op"] != "hello" or hello["protocol"] != PROTOCOL:
        raise ValueError(f"expected hello in protocol {PROTOCOL}, got {hello}: host and worker differ in version")
    os.environ.update(hello["variables"])
    runtime = f"python {platform.python_version()}"
    ready = {
        "op": "ready",
        "protocol": PROTOCOL,
        "pid": os.getpid(),
        "runtime": runtime,
        "versions": numpy_version(),
    }
    os.write(replies, json.dumps(ready).encode() + b"\n")


def numpy_version() -> dict[str, str]:
    """Asked of the installed metadata, without importing numpy."""
    try:
        return {"numpy": importlib.metadata.version("numpy")}
    except importlib.metadata.PackageNotFoundError:
        return {}
