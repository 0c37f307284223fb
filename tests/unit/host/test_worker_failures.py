"""The host's side when the worker itself fails: it dies, hangs, talks nonsense, or is closed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.host.channel import Channel
from deploymatrix.host.messages import Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker, WorkerClosed

ROOT = Path(__file__).parents[3]
FAKES = ROOT / "tests/fakes/worker"
COMMAND = [sys.executable, "-s", str(ROOT / "deploymatrix/worker")]
START = Callable[[], Channel]


@pytest.fixture
def start(tmp_path: Path) -> START:
    return lambda: process_channel(COMMAND, {}, tmp_path / "worker.log")


def request(folder: Path, module: str = "run.py", payload: str = "{}", timeout_s: float = 30.0) -> Request:
    np.save(folder / "x.npy", np.zeros(2, dtype="float32"))
    (folder / "payload.json").write_text(payload)
    tensor = {"name": "x", "dtype": "float32", "shape": [2]}
    args = {
        "payload": folder / "payload.json",
        "signature": {"inputs": {"x": tensor}, "outputs": {"y": {**tensor, "name": "y"}}},
        "samples": [{"x": folder / "x.npy"}],
        "repeat": 1,
    }
    return Request("run", FAKES / module, args, folder / "out", folder / "log.txt", timeout_s, 2048)


def test_nothing_starts_before_the_first_request(tmp_path: Path, start: START) -> None:
    worker = Worker(start)
    assert not (tmp_path / "worker.log").exists()

    reply = worker.request(request(tmp_path))

    assert reply.status == "ok"
    assert worker.start_s > 0
    assert worker.ready["runtime"].startswith("python 3.") and worker.ready["versions"]["numpy"]
    worker.close()


def test_crash_during_an_import(tmp_path: Path, start: START) -> None:
    worker = Worker(start)

    reply = worker.request(request(tmp_path, "die_on_import.py"))

    assert (reply.status, reply.stage) == ("signaled", "import")
    assert reply.error is not None and "SIGSEGV" in reply.error["message"]
    assert worker.request(request(tmp_path)).status == "ok"
    worker.close()


def test_exit_during_an_import(tmp_path: Path, start: START) -> None:
    worker = Worker(start)

    reply = worker.request(request(tmp_path, "exit_on_import.py"))

    assert (reply.status, reply.stage) == ("failed", "import")
    assert reply.error is not None and "SystemExit(3)" in reply.error["message"]
    assert "exit_on_import" in (tmp_path / "log.txt").read_text()
    worker.close()


def test_hang_during_an_import(tmp_path: Path, start: START) -> None:
    worker = Worker(start, grace_s=0.5)

    reply = worker.request(request(tmp_path, "hang_on_import.py", timeout_s=0.5))

    assert (reply.status, reply.stage) == ("timed_out", "import")
    assert reply.wall_s >= 1.0
    worker.close()


def test_worker_that_never_says_ready(tmp_path: Path) -> None:
    mute = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    worker = Worker(lambda: process_channel(mute, {}, tmp_path / "worker.log"), ready_s=0.5)

    reply = worker.request(request(tmp_path))

    assert (reply.status, reply.stage) == ("timed_out", "import")
    worker.close()


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("raise SystemExit('no such runtime')", "no_reply", "no such runtime"),
        ("import os; os.abort()", "signaled", "SIGABRT"),
        ("print('hello from a library')", "no_reply", "not the protocol"),
        ("print('[]')", "no_reply", "not the protocol"),
    ],
)
def test_worker_that_is_none(tmp_path: Path, code: str, status: str, says: str) -> None:
    worker = Worker(lambda: process_channel([sys.executable, "-c", code], {}, tmp_path / "worker.log"))

    reply = worker.request(request(tmp_path))

    assert (reply.status, reply.stage) == (status, "import")
    assert reply.error is not None and says in reply.error["message"]
    worker.close()


def test_worker_that_was_killed_while_idle(tmp_path: Path, start: START) -> None:
    worker = Worker(start)
    worker.request(request(tmp_path))
    first = worker.ready["pid"]

    os.kill(first, signal.SIGKILL)
    with suppress(ChildProcessError):  # the channel may have reaped it first, which is as good
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)

    assert worker.request(request(tmp_path)).status == "ok"
    assert worker.ready["pid"] != first
    worker.close()


def test_worker_that_was_killed_while_idle_and_whose_pipes_outlive_it(tmp_path: Path) -> None:
    """Its reaper has an end of them until it has looked; here something has them for longer."""
    outlived = ["sh", "-c", 'exec 3<&0; sleep 1 <&3 & exec "$@"', "sh", *COMMAND]
    commands = iter([outlived, COMMAND])
    worker = Worker(lambda: process_channel(next(commands), {}, tmp_path / "worker.log"))
    worker.request(request(tmp_path))
    first = worker.ready["pid"]

    os.kill(first, signal.SIGKILL)
    with suppress(ChildProcessError):  # subprocess may have reaped it already, when another process was made
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)

    assert worker.request(request(tmp_path)).status == "ok"
    assert worker.ready["pid"] != first
    worker.close()


def test_close_with_a_request_under_way(tmp_path: Path, start: START) -> None:
    os.mkfifo(tmp_path / "alive")
    worker = Worker(start)
    order = f'{{"do": "hang", "at": "load", "alive": "{tmp_path}/alive"}}'

    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(worker.request, request(tmp_path, payload=order))
        with (tmp_path / "alive").open("rb") as alive:
            alive.readline()
            worker.close()
            assert alive.read() == b""  # ends only when the child has
        with pytest.raises(WorkerClosed):
            pending.result()


def test_a_closed_worker_takes_no_requests(tmp_path: Path, start: START) -> None:
    worker = Worker(start)
    worker.close()

    with pytest.raises(WorkerClosed):
        worker.request(request(tmp_path))


def test_many_threads(tmp_path: Path, start: START) -> None:
    folders = [tmp_path / str(index) for index in range(24)]
    for folder in folders:
        folder.mkdir()
    worker = Worker(start)
    before = threading.active_count()

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda folder: worker.request(request(folder)), folders))

    worker.close()
    assert {reply.status for reply in replies} == {"ok"}
    assert threading.active_count() == before
    assert all((folder / "out/0/y.npy").exists() for folder in folders)
