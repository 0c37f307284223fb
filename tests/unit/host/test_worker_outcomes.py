"""Workers as the host sees them: real processes, and every way in which a task can end."""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.channel import Channel
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker
from deploymatrix.worker import PROTOCOL

ROOT = Path(__file__).parents[3]
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


@pytest.fixture(params=["fork", "spawn", "node"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    kind = request.param
    command(kind)
    folder = tmp_path / "requests"
    folder.mkdir()
    worker = Worker(lambda: started(kind, tmp_path / "worker.log"))
    yield Bench(kind, folder, worker)
    worker.close()


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


def test_ok(bench: Bench) -> None:
    request = bench.request()

    reply = bench.worker.request(request)

    assert (reply.status, reply.stage, reply.exit_code, reply.error) == ("ok", "run", 0, None)
    assert reply.value is not None
    assert (reply.value["outputs"], reply.value["extra"], reply.value["missing"]) == (["y"], [], [])
    assert len(reply.value["run_s"]) == 2
    assert reply.wall_s > 0 and reply.cpu_s and reply.peak_mb and reply.peak_mb > 5
    for index in range(2):
        output = np.load(request.out / str(index) / "y.npy")
        assert output.dtype == np.float32 and output.tolist() == [2.0, 4.0]


def test_exception(bench: Bench) -> None:
    reply = bench.ask(do="fail")

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None
    assert reply.error["message"] == "on purpose" and "fail" in reply.error["traceback"]


def test_stage_of_a_failure(bench: Bench) -> None:
    assert bench.ask(do="fail", at="load").stage == "load"


@pytest.mark.parametrize(("do", "signal"), [("segfault", "SIGSEGV"), ("abort", "SIGABRT"), ("kill_self", "SIGKILL")])
def test_death_by_signal(bench: Bench, do: str, signal: str) -> None:
    reply = bench.ask(do=do, at="load")

    assert (reply.status, reply.stage, reply.signal, reply.exit_code) == ("signaled", "load", signal, None)
    assert bench.ask().status == "ok"


def test_exit_without_a_reply(bench: Bench) -> None:
    reply = bench.ask(do="exit_silently")

    assert (reply.status, reply.stage, reply.exit_code) == ("no_reply", "run", 0)


def test_hang_that_ignores_sigterm(bench: Bench, tmp_path: Path) -> None:
    life = Life(tmp_path / "alive")
    request = bench.request(do="hang", alive=life.path)

    reply = bench.worker.request(Request(**{**vars(request), "timeout_s": 1.0}))

    assert (reply.status, reply.stage) == ("timed_out", "run")
    assert 1.0 <= reply.wall_s < 10.0
    assert life.ends()


def test_allocation_without_bound(bench: Bench) -> None:
    request = bench.request(do="allocate")

    reply = bench.worker.request(Request(**{**vars(request), "memory_mb": 512}))

    assert (reply.status, reply.stage) == ("out_of_memory", "run")


@pytest.mark.parametrize("do", ["memory_error", "bad_alloc"])
def test_out_of_memory_in_other_words(bench: Bench, do: str) -> None:
    assert bench.ask(do=do).status == "out_of_memory"


def test_what_a_child_leaves_behind_is_killed(bench: Bench, tmp_path: Path) -> None:
    life = Life(tmp_path / "alive")

    reply = bench.ask(do="leave_a_child_behind", at="load", alive=life.path)

    assert reply.status == "ok"
    assert life.ends()


def test_forged_replies_are_no_reply(bench: Bench) -> None:
    assert bench.ask(do="forge").status == "no_reply"
    assert bench.ask().status == "ok"


def test_log_is_capped_and_the_channel_unharmed(bench: Bench) -> None:
    request = bench.request(do="chatter", at="load")

    assert bench.worker.request(request).status == "ok"

    log = request.log.read_bytes()
    assert len(log) <= 1 << 20
    assert log.startswith(b"first words\n") and log.rstrip().endswith(b"last words")
    assert b"bytes left out" in log


def test_two_requests_overlap(bench: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    sides = [bench.request(do="meet", at="load", fifo=tmp_path / "fifo", mode=mode) for mode in ("r", "w")]

    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(bench.worker.request, sides))

    assert [reply.status for reply in replies] == ["ok", "ok"]


def test_child_that_kills_the_worker_harms_nobody_else(bench: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    common = {"at": "load", "alive": tmp_path / "alive"}
    innocent = bench.request(do="hang_in_turn", once=tmp_path / "innocent", **common)
    guilty = bench.request(do="kill_server", once=tmp_path / "guilty", **common)

    with ThreadPoolExecutor(2) as pool:
        spared, blamed = pool.map(bench.worker.request, [innocent, guilty])

    assert spared.status == "ok"
    assert blamed.status == "signaled" and blamed.error is not None
    assert "SIGKILL" in blamed.error["message"]


def test_children_die_with_a_killed_worker(bench: Bench, tmp_path: Path) -> None:
    life = Life(tmp_path / "alive")
    request = bench.request(do="hang", at="load", alive=life.path)
    channel = started(bench.kind, tmp_path / "other.log")
    submit(channel, request)
    life.pid()

    channel.kill()

    assert life.ends()
    assert channel.cause_of_death()[0] == "signaled"


def test_end_of_the_channel_ends_everything(bench: Bench, tmp_path: Path) -> None:
    life = Life(tmp_path / "alive")
    channel = started(bench.kind, tmp_path / "other.log")
    submit(channel, bench.request(do="hang", at="load", alive=life.path))
    life.pid()

    channel.stdin.close()  # type: ignore[attr-defined]

    assert life.ends()
    assert list(channel.lines())[1:] == []  # `ready`, then nothing but the end
    assert channel.cause_of_death()[0] == "no_reply"
    channel.kill()


def test_misnamed_outputs(bench: Bench) -> None:
    request = bench.request(do="misname")

    reply = bench.worker.request(request)

    assert reply.status == "ok" and reply.value is not None
    assert (reply.value["outputs"], reply.value["extra"], reply.value["missing"]) == ([], ["y:0", "z"], ["y"])
    assert not list(request.out.rglob("*.npy"))


def test_outputs_that_are_no_tensors(bench: Bench) -> None:
    reply = bench.ask(do="no_arrays")

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None and "'y'" in reply.error["message"]


def test_cast_out_of_range_is_refused(bench: Bench) -> None:
    request = bench.request({**SIGNATURE, "inputs": {"x": {"name": "x", "dtype": "int8", "shape": [2]}}})
    np.save(request.args["samples"][0]["x"], np.array([1, 300]))

    reply = bench.worker.request(request)

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None and "'x'" in reply.error["message"] and "int8" in reply.error["message"]


def test_threads(bench: Bench) -> None:
    request = bench.request(do="threads")

    assert bench.worker.request(Request(**{**vars(request), "threads": 3})).status == "ok"

    assert np.load(request.out / "0/y.npy").tolist() == [3, 3]


def test_variables_of_the_start_and_of_hello_reach_the_child(bench: Bench, tmp_path: Path) -> None:
    request = bench.request(do="variables")
    channel = started(bench.kind, tmp_path / "other.log")

    submit(channel, request, variables={"FROM_HELLO": "hello"})

    messages = (json.loads(line) for line in channel.lines())
    assert next(message["status"] for message in messages if message["op"] == "result") == "ok"
    assert b"hello start" in request.log.read_bytes()
    channel.kill()


@pytest.mark.parametrize(
    "messages",
    [[{"op": "hello", "protocol": 1}], [{"op": "hello", "protocol": PROTOCOL}, {"op": "cancel", "nonce": "n"}]],
    ids=["hello", "cancel"],
)
def test_a_host_of_another_protocol_ends_the_worker(
    bench: Bench, tmp_path: Path, messages: list[dict[str, Any]]
) -> None:
    channel = started(bench.kind, tmp_path / "other.log")

    for message in messages:
        send(channel, message)

    assert [json.loads(line)["op"] for line in channel.lines()] == ["ready"] * (len(messages) - 1)
    cause, what = channel.cause_of_death()
    assert cause == "no_reply" and ("protocol" in what or "differ in version" in what)
    channel.kill()


def test_import_failure(bench: Bench) -> None:
    module = FAKES / ("bad_import.mjs" if bench.kind == "node" else "bad_import.py")
    request = Request(**{**vars(bench.request()), "module": module})

    for _ in range(2):
        reply = bench.worker.request(request)
        assert (reply.status, reply.stage) == ("failed", "import")
        assert reply.error is not None and "deploymatrix_has_no_such_module" in reply.error["message"]
    assert bench.ask().status == "ok"


def test_unknown_task(bench: Bench) -> None:
    reply = bench.worker.request(Request(**{**vars(bench.request()), "task": "dance"}))

    assert reply.status == "failed" and reply.error is not None and "dance" in reply.error["message"]


def submit(channel: Channel, request: Request, **hello: Any) -> None:
    """Send a request without a Worker around."""
    send(channel, {"op": "hello", "protocol": PROTOCOL, **hello})
    send(channel, {"op": "submit", "nonce": "n", **vars(request)})


def send(channel: Channel, message: dict[str, Any]) -> None:
    channel.send(json.dumps(message, default=str).encode() + b"\n")
