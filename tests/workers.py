"""Workers as the host starts them, of each kind, and what a request to one needs."""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.channel import Channel
from deploymatrix.host.frames import Alive, Data, Incoming, Ready, Result
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker
from deploymatrix.worker import PROTOCOL

ROOT = Path(__file__).parents[1]
FAKES = ROOT / "tests/fakes/worker"
WORKER = ROOT / "deploymatrix/worker"
PYTHON = [sys.executable, "-s", str(WORKER)]
SIGNATURE = {
    "inputs": {"x": {"name": "x", "dtype": "float32", "shape": [2]}},
    "outputs": {"y": {"name": "y", "dtype": "float32", "shape": [2]}},
}


@dataclass
class Bench:
    """One worker of a kind, and what a request to it needs."""

    kind: str
    folder: Path
    worker: Worker

    def request(self, signature: dict[str, Any] = SIGNATURE, **order: Any) -> Request:
        folder = self.folder / f"{order.get('do', 'double')}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        np.save(folder / "x.npy", np.array([1.0, 2.0], dtype="float32"))
        (folder / "payload.json").write_text(json.dumps(order, default=str))
        args = {
            "payload": folder / "payload.json",
            "signature": signature,
            "samples": [{"x": folder / "x.npy"}] * 2,
            "repeat": 2,
        }
        module = FAKES / ("run.mjs" if self.kind == "node" else "run.py")
        return Request("run", module, args, folder / "out", folder / "log.txt", timeout_s=30.0, memory_mb=2048)

    def ask(self, **order: Any) -> Reply:
        return self.worker.request(self.request(**order))


def command(kind: str) -> list[str]:
    if kind != "node":
        return PYTHON
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH: the Node worker cannot be tried")
    return [node, str(WORKER / "server.mjs")]


def started(kind: str, log: Path) -> Channel:
    variables = {"FROM_START": "start"} | ({"DEPLOYMATRIX_WORKER_START": "spawn"} if kind == "spawn" else {})
    return process_channel(command(kind), variables, log)


class Life:
    """A FIFO that processes hold open while they live: its end is their end."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def word(self) -> bytes:
        assert select.select([self.fd], [], [], 20)[0], "nobody spoke within 20 s"
        return os.read(self.fd, 4096)

    def pid(self) -> int:
        return int(self.word())

    def ends(self) -> bool:
        while self.word():
            pass
        return True


def submit(channel: Channel, request: Request, **hello: Any) -> None:
    """Send a request without a Worker around: its files stay where its child leaves them."""
    send(channel, {"op": "hello", "protocol": PROTOCOL, **hello})
    fields = {name: value for name, value in vars(request).items() if name not in ("log", "own")}
    send(channel, {"op": "submit", "nonce": "n", **fields, "deliver": False, "readable": []})


def send(channel: Channel, message: dict[str, Any]) -> None:
    channel.send(json.dumps(message, default=str).encode() + b"\n", within_s=10)


def heard(channel: Channel) -> Iterator[Ready | Alive | Result | Data]:
    """Yield what the worker says until it ends."""
    incoming = Incoming()
    for chunk in channel.chunks():
        yield from incoming.feed(chunk)
