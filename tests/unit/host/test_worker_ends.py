"""Several requests to one worker, and its end: who ends with it, and who does not."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.host.frames import Data, Ready, Result
from deploymatrix.host.process_channel import process_channel
from deploymatrix.worker import PROTOCOL
from tests.workers import WORKER, Bench, Life, heard, send, started, submit


def test_two_requests_overlap(bench: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    common = {"at": "load", "fifo": tmp_path / "fifo"}
    sides = [bench.request(do="meet", mode=mode, once=tmp_path / mode, **common) for mode in ("r", "w")]

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


DIES_ONCE_ITS_CHILD_HAS_STARTED = """
import importlib, os, pathlib, runpy, signal, sys
worker = pathlib.Path(sys.argv[1])
runpy.run_path(str(worker / "__main__.py"))["adopt"](worker)
server = importlib.import_module("deploymatrix_worker.server")
def die(_, attempt):
    os.write(2, b"%d" % attempt.pid)
    os.kill(os.getpid(), signal.SIGKILL)
server.Server.watch = die
importlib.import_module("deploymatrix_worker.greeting").main()
"""


def test_a_child_dies_with_a_worker_that_was_killed_as_it_started_it(python_bench: Bench, tmp_path: Path) -> None:
    life, log = Life(tmp_path / "alive"), tmp_path / "other.log"
    command = [sys.executable, "-s", "-c", DIES_ONCE_ITS_CHILD_HAS_STARTED, str(WORKER)]
    channel = process_channel(command, {"DEPLOYMATRIX_WORKER_START": python_bench.kind}, log)
    submit(channel, python_bench.request(do="hang", at="load", alive=life.path))

    assert channel.cause_of_death()[0] == "signaled"

    child, until = int(log.read_text()), time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(child, 0)
            time.sleep(0.05)


def test_end_of_the_channel_ends_everything(bench: Bench, tmp_path: Path) -> None:
    life = Life(tmp_path / "alive")
    channel = started(bench.kind, tmp_path / "other.log")
    submit(channel, bench.request(do="hang", at="load", alive=life.path))
    life.pid()

    channel.stdin.close()  # type: ignore[attr-defined]

    assert life.ends()
    assert [message.op for message in heard(channel) if isinstance(message, Result)] == []
    assert channel.cause_of_death()[0] == "no_reply"
    channel.kill()


HANGS_ON_IMPORT = {
    ".py": "import os, threading\n"
    "os.write(os.open({!r}, os.O_WRONLY), b'%d\\n' % os.getpid())\nthreading.Event().wait()\n",
    ".mjs": "import {{ openSync, writeSync }} from 'node:fs';\n"
    "writeSync(openSync({!r}, 'w'), `${{process.pid}}\\n`);\n"
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);\n",
}


def test_a_host_that_is_gone_ends_a_worker_that_imports(bench: Bench, tmp_path: Path) -> None:
    """A server that imports cannot hear; it and its children end within 5 s all the same."""
    running, importing = Life(tmp_path / "running"), Life(tmp_path / "importing")
    request = bench.request()
    module = tmp_path / f"module{request.module.suffix}"
    module.write_text(HANGS_ON_IMPORT[module.suffix].format(str(importing.path)))
    channel = started(bench.kind, tmp_path / "other.log")
    submit(channel, bench.request(do="hang", at="load", alive=running.path))
    running.pid()
    send(channel, {"op": "submit", "nonce": "m", **vars(replace(request, module=module))})
    importing.pid()

    begin = time.monotonic()
    channel.stdin.close()  # type: ignore[attr-defined]

    assert running.ends() and importing.ends()
    assert time.monotonic() - begin < 5
    channel.kill()


def test_variables_of_the_start_and_of_hello_reach_the_child(bench: Bench, tmp_path: Path) -> None:
    request = bench.request(do="variables")
    channel = started(bench.kind, tmp_path / "other.log")

    submit(channel, request, variables={"FROM_HELLO": "hello"})

    log = b""
    for message in heard(channel):
        if isinstance(message, Data):
            log += message.data
        if isinstance(message, Result):
            assert message.status == "ok"
            break
    assert b"hello start" in log
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

    assert [type(message) for message in heard(channel)] == [Ready] * (len(messages) - 1)
    cause, what = channel.cause_of_death()
    assert cause == "no_reply" and ("protocol" in what or "differ in version" in what)
    channel.kill()
