"""A runtime of ARM64's in a container: on other machines under QEMU. Its answers are its own, and judged as all are."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.engine import engine
from tests.integration.test_reach_targets import WRONG
from tests.integration.variant_bench import GOOD, Bench

Cell = dict[str, Any]
TARGET = "onnx-arm64"
NATIVE = platform.machine() in ("aarch64", "arm64")
# Fails the cell where the machine that the runtime sees is another one.
SEEN = """
import platform

assert platform.machine() == "aarch64", platform.machine()
"""


@pytest.fixture
def bench(tmp_path: Path, real_envs: Path) -> Bench:
    bench = Bench(tmp_path, real_envs)
    bench.add("good", GOOD)
    runner = bench.own("targets/onnx") / "run.py"
    runner.write_text(runner.read_text() + SEEN)
    return bench


@pytest.mark.docker
def test_in_a_container_it_runs_and_a_wrong_answer_is_seen(bench: Bench) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")

    right = decided(bench, "docker")
    with (bench.root / "targets/onnx/run.py").open("a") as file:
        file.write(WRONG)
    wrong = decided(bench, "docker")

    assert [cell["outcome"] for cell in (right, wrong)] == ["passed", "mismatch"]
    assert [cell["verdict"] for cell in (right, wrong)] == ["ok", "failed"]
    assert [(cell["platform"], cell["emulated"]) for cell in (right, wrong)] == [("linux/arm64", not NATIVE)] * 2
    timed = json.loads((bench.build / "measurements.json").read_text())["cells"][0]
    assert (timed["run_s"] is None) == (not NATIVE) and timed["load_s"] > 0


@pytest.mark.skipif(NATIVE, reason="here it runs in a process, too")
def test_in_a_process_of_another_machine_its_artifact_is_made_and_never_green(bench: Bench) -> None:
    cell = decided(bench, "process")

    assert (cell["outcome"], cell["detail"]) == ("exported", "exported, not run: linux/arm64")
    assert (cell["verdict"], bool(cell["artifact"]), cell["emulated"]) == ("expected", True, False)


def decided(bench: Bench, isolation: str) -> Cell:
    done = bench.call("run", "-m", "good", "-t", TARGET, "--isolation", isolation)
    assert done.returncode in (0, 1), done.stderr
    (cell,) = bench.cells()
    return cell
