"""Workers as the host sees them: real processes, and every way in which a task can end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploymatrix.host.messages import Request
from tests.workers import FAKES, SIGNATURE, Bench, Life


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

    reply = bench.worker.request(Request(**{**vars(request), "timeout_s": 4.0}))  # so that a busy machine gets to it

    assert (reply.status, reply.stage) == ("timed_out", "run")
    assert 4.0 <= reply.wall_s < 13.0
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
