"""What the worker does before its loop: it moves the channel to safety, greets the host and sets its variables."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import signal
import sys
from typing import TYPE_CHECKING

from . import PROTOCOL
from .reaper import Reaper

if TYPE_CHECKING:
    from .protocol import Hello, Ready


def main() -> int:
    """Serve the host on descriptors 0 and 1 until it has no more to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the host, which ends the channel
    commands, replies = private_channel()
    reaper = Reaper.start(closing=[replies], channel=commands)
    hello: Hello = json.loads(first_line(commands))
    greet(hello, replies)

    from .principals import Principals
    from .server import Server  # imports numpy, which reads the variables just set

    given = hello.get("principals")
    Server(commands, replies, reaper, Principals(given) if given else None).serve()
    sys.stderr.flush()
    os._exit(0)  # frameworks crash or hang in interpreter shutdown often enough


def private_channel() -> tuple[int, int]:
    """Move the channel away from descriptors 0 and 1, where any library may read and write."""
    commands, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return commands, replies


def first_line(commands: int) -> bytes:
    """Read one line byte by byte, to leave what follows to the loop."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(commands, 1)
        if not byte:
            raise EOFError("the channel ended before the host said hello")
        line += byte
    return bytes(line)


def greet(hello: Hello, replies: int) -> None:
    """Set the host's variables and answer. Raise ValueError for a host of another protocol."""
    if hello["op"] != "hello" or hello["protocol"] != PROTOCOL:
        raise ValueError(f"expected hello in protocol {PROTOCOL}, got {hello}: host and worker differ in version")
    os.environ.update(hello.get("variables", {}))
    ready: Ready = {
        "op": "ready",
        "protocol": PROTOCOL,
        "pid": os.getpid(),
        "runtime": f"python {platform.python_version()}",
        "versions": numpy_version(),
    }
    os.write(replies, json.dumps(ready).encode() + b"\n")


def numpy_version() -> dict[str, str]:
    """Read the version from the installed metadata, without importing numpy."""
    try:
        return {"numpy": importlib.metadata.version("numpy")}
    except importlib.metadata.PackageNotFoundError:
        return {}
