"""What a worker of either language runs again, and what it leaves for the host to judge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.worker import varying
from tests.workers import Bench


def request(bench: Bench, samples: int = 2, **order: Any) -> Request:
    """A request with samples that differ: [1, 1], [2, 2], …"""
    made = bench.request(**order)
    folder = made.out.parent
    for index in range(samples):
        np.save(folder / f"x{index}.npy", np.float32([index + 1, index + 1]))
    paths = [{"x": folder / f"x{index}.npy"} for index in range(samples)]
    return replace(made, args={**made.args, "samples": paths})


def checks_of(reply: Reply) -> list[str]:
    assert reply.value is not None, reply.error
    return list(reply.value["checks"])


def again(out: Path) -> dict[str, set[int]]:
    """Which samples came out otherwise, by check."""
    return {check.name: {int(sample.name) for sample in check.iterdir()} for check in (out / "again").glob("*")}


def test_a_stable_artifact_leaves_nothing_to_judge(bench: Bench) -> None:
    asked = request(bench)

    reply = bench.worker.request(asked)

    assert checks_of(reply) == ["repeat", "load", "order", "threads"]
    assert not (asked.out / "again").exists()


@pytest.mark.parametrize(
    ("deed", "found"),
    [
        ("count_loads", {"load": {0}, "order": {1}, "threads": {0, 1}, "together": {0, 1}}),
        ("keep_first", {"order": {1}, "together": {0, 1}}),
        ("show_threads", {"threads": {0, 1}, "together": {0, 1}}),
        ("need_both", {"together": {0, 1}}),
    ],
)
def test_further_sessions_vary_one_thing_at_a_time(bench: Bench, deed: str, found: dict[str, set[int]]) -> None:
    """Of several that differ, the host takes the first: load, order, threads, together."""
    asked = request(bench, do=deed)

    bench.worker.request(asked)

    assert again(asked.out) == found


def test_a_runner_names_the_device_that_computed(bench: Bench) -> None:
    named = [bench.worker.request(request(bench, device=device)).value for device in ("swiftshader", "")]

    assert [value["device"] for value in named if value] == ["swiftshader", ""]


def test_each_repeated_run_is_compared_with_the_first(bench: Bench) -> None:
    asked = request(bench, do="count_runs")

    bench.worker.request(asked)

    assert again(asked.out)["repeat-2"] == {0, 1}
    assert np.load(asked.out / "0/y.npy").tolist() == [1.0, 0.0]
    assert np.load(asked.out / "again/repeat-2/0/y.npy").tolist() == [2.0, 0.0]


def test_one_sample_has_no_order_and_one_run_no_repeat(bench: Bench) -> None:
    asked = request(bench, samples=1)
    asked = replace(asked, args={**asked.args, "repeat": 1})

    assert checks_of(bench.worker.request(asked)) == ["load", "threads"]


def test_an_artifact_that_cannot_be_loaded_again_says_so(bench: Bench) -> None:
    reply = bench.worker.request(request(bench, do="refuse_again", at="load"))

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None
    assert reply.error["message"] == "loaded again, after it had run: a session is open already"


def test_nothing_is_varied_where_time_is_short(tmp_path: Path) -> None:
    answers = varying.Answers(tmp_path, {"y": "y"}, repeated=True)
    bench = varying.Bench(NoRunner(), tmp_path, [{}], answers, threads=1, until=0.0, session_s=1.0)

    assert varying.check(bench) == ["repeat"]


class NoRunner:
    def load(self, payload: Path) -> Any:
        raise AssertionError("there was no time for it")

    def run(self, session: Any, inputs: dict[str, Any]) -> Any: ...
