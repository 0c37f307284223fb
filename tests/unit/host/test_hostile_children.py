"""A child that knows the protocol and breaks it: its own task fails, and nothing else does."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.host.messages import Request
from deploymatrix.host.worker import Worker
from tests.workers import Bench, started

OK = {"status": "ok", "value": {"outputs": ["y"], "extra": [], "missing": [], "checks": [], "versions": {}}}
ERROR = {"type": "E", "message": "m", "traceback": "t", "chain": []}


def said(**message: Any) -> str:
    return json.dumps({"nonce": "NONCE", "stage": "run", **message})


NO_WORD = {
    "no JSON": "}{",
    "a list": "[]",
    "deep": "[" * 100_000,
    "deep, and whole": said(reply={"status": "ok", "value": {"a": json.loads("[" * 100 + "]" * 100)}}),
    "without a stage": json.dumps({"nonce": "NONCE", "reply": OK}),
    "a stage that is none": said(stage="passed", reply=OK),
    "another nonce": said(nonce="n", reply=OK),
    "no status": said(reply={"value": {}}),
    "a status of the server's": said(reply={"status": "signaled", "error": ERROR}),
    "more than a reply has": said(reply={**OK, "signal": "SIGSEGV"}),
    "ok without a value": said(reply={"status": "ok"}),
    "a value and an error": said(reply={**OK, "error": ERROR}),
    "a value that is none": said(reply={"status": "ok", "value": []}),
    "an error that is none": said(reply={"status": "failed", "error": "words"}),
    "an error with more": said(reply={"status": "failed", "error": {**ERROR, "more": 1}}),
    "an error of numbers": said(reply={"status": "failed", "error": {**ERROR, "message": 1}}),
    "a chain that is none": said(reply={"status": "failed", "error": {**ERROR, "chain": [1]}}),
    "a long message": said(reply={"status": "failed", "error": {**ERROR, "message": "x" * 100_000}}),
    "NaN": said(reply=OK).replace('"ok"', "NaN"),
    "reads that are none": said(reads=[1], reply=OK),
    "20 MB": "x" * 20_000_000,
}
NO_VALUE = {
    "nothing": {},
    "no times": OK["value"],
    "times that are words": {**OK["value"], "load_s": "1", "run_s": ["1"]},  # type: ignore[dict-item]
    "names that are numbers": {**OK["value"], "load_s": 1.0, "run_s": [1.0], "outputs": [1]},  # type: ignore[dict-item]
    "times below zero": {**OK["value"], "load_s": -1.0, "run_s": [1.0]},  # type: ignore[dict-item]
    "more than a value has": {**OK["value"], "load_s": 1.0, "run_s": [1.0], "verdict": "ok"},  # type: ignore[dict-item]
}
FILES = {
    "no line": ("garbage\n", "a file's line that is none"),
    "a path that leaves": ('{"path": "../../y.npy", "bytes": 1}\nx', "it sent a file named '../../y.npy'"),
    "an absolute path": ('{"path": "/etc/passwd", "bytes": 1}\nx', "it sent a file named"),
    "an end too early": ('{"path": "0/z.npy", "bytes": 1000000000}\nx', "in the middle of a file"),
    "a length below zero": ('{"path": "0/z.npy", "bytes": -1}\nx', "a file's line that is none"),
    "the same twice": ('{"path": "0/y.npy", "bytes": 1}\nx', "twice"),
    "too much": ("x" * 60_000, "more than the 50,000 bytes"),
}


@pytest.mark.parametrize("line", NO_WORD.values(), ids=NO_WORD.keys())
def test_a_line_that_is_not_well_formed_is_not_heard(python_bench: Bench, line: str) -> None:
    assert python_bench.ask().status == "ok"
    server = python_bench.worker.ready["pid"]

    reply = python_bench.ask(do="speak", at="load", lines=[line])

    assert reply.status == "no_reply"
    assert python_bench.ask().status == "ok"
    assert python_bench.worker.ready["pid"] == server, "it ended the worker"


@pytest.mark.parametrize("value", NO_VALUE.values(), ids=NO_VALUE.keys())
def test_a_value_that_is_not_its_tasks_is_a_failure(python_bench: Bench, value: dict[str, Any]) -> None:
    reply = python_bench.ask(do="speak", at="load", lines=[said(reply={"status": "ok", "value": value})])

    assert reply.status == "failed"
    assert reply.error is not None and reply.error["type"] == "ProtocolError"


@pytest.mark.parametrize(("text", "words"), FILES.values(), ids=FILES.keys())
def test_files_that_are_not_well_formed_are_a_failure(bench: Bench, tmp_path: Path, text: str, words: str) -> None:
    request = bench.request(do="send", at="load", text=text, once=tmp_path / "once")

    reply = bench.worker.request(Request(**{**vars(request), "most_bytes": 50_000}))

    assert reply.status == "failed"
    assert reply.error is not None and words in reply.error["message"]
    assert {path.name for path in tmp_path.rglob("z.npy")} <= {"z.npy"} and not (tmp_path / "y.npy").exists()
    assert bench.ask().status == "ok"


def test_a_surrogate_in_a_message_is_replaced(bench: Bench) -> None:
    reply = bench.ask(do="surrogate")

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None
    assert "bad: " in reply.error["message"]
    json.dumps(reply.error, ensure_ascii=False).encode()


def test_a_worker_that_was_idle_and_then_works_for_long_is_not_given_up(bench: Bench, tmp_path: Path) -> None:
    worker = Worker(lambda: started(bench.kind, tmp_path / "other.log"), silent_s=2.0)
    assert worker.request(bench.request()).status == "ok"
    first = worker.ready["pid"]
    threading.Event().wait(2.5)

    reply = worker.request(bench.request(do="take_time", at="load", seconds=1.5))

    assert (reply.status, worker.ready["pid"]) == ("ok", first)
    worker.close()


def test_a_worker_that_was_stopped_is_given_up(bench: Bench, tmp_path: Path) -> None:
    worker = Worker(lambda: started(bench.kind, tmp_path / "other.log"), silent_s=1.0)
    begin = time.monotonic()

    reply = worker.request(bench.request(do="stop_server", at="load"))

    assert reply.status == "timed_out"
    assert reply.error is not None and "did not answer" in reply.error["message"]
    assert time.monotonic() - begin < 15
    worker.close()
