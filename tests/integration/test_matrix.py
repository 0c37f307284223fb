"""The reference models on all targets: every cell has a result, containers and processes agree on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.engine import engine

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
NO_ENGINE = "no Docker engine answers"


def run(build: Path, isolation: str) -> dict[str, Any]:
    """The matrix of a full run in `build`, with its exit code and measurements."""
    command = [sys.executable, "-m", "deploymatrix", "--build-dir", str(build), "run", "--isolation", isolation]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (build / "matrix.json").is_file(), process.stderr
    return {
        "code": process.returncode,
        "bytes": (build / "matrix.json").read_bytes(),
        "cells": json.loads((build / "matrix.json").read_text())["cells"],
        "measurements": json.loads((build / "measurements.json").read_text()),
        "stderr": process.stderr,
    }


def outcomes(matrix: dict[str, Any]) -> dict[str, str]:
    return {f"{c['model']}/{c['target']}/{c['variant']}": c["outcome"] for c in matrix["cells"]}


@pytest.fixture(scope="module")
def in_processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A full run in processes; environments and exports are those of the project's own build folder."""
    build = tmp_path_factory.mktemp("build")
    for shared in ("envs", "store"):
        (BUILD / shared).mkdir(parents=True, exist_ok=True)
        (build / shared).symlink_to(BUILD / shared)
    return run(build, "process") | {"build": build}


@pytest.fixture(scope="module")
def in_containers() -> dict[str, Any]:
    if engine() is None:
        pytest.skip(NO_ENGINE)
    return run(BUILD, "docker")


def test_every_cell_has_a_result_and_no_more_than_two_are_red(in_processes: dict[str, Any]) -> None:
    found = outcomes(in_processes)

    assert len(found) == 48
    assert "missing" not in found.values()
    assert sum(outcome == "passed" for outcome in found.values()) >= 46, in_processes["stderr"]


def test_every_cell_carries_its_evidence(in_processes: dict[str, Any]) -> None:
    for cell in in_processes["cells"]:
        if cell["outcome"] == "passed":
            assert cell["samples"] >= 4
            assert cell["artifact"]["bytes"] > 0
            assert all(0 <= output["error"] <= output["limit"] for output in cell["outputs"])
            assert all(len(output["sample_errors"]) == cell["samples"] for output in cell["outputs"])


def test_containers_and_processes_agree_cell_by_cell(
    in_processes: dict[str, Any], in_containers: dict[str, Any]
) -> None:
    assert outcomes(in_processes) == outcomes(in_containers)
    assert {cell["isolation"] for cell in in_processes["cells"]} == {"process"}
    assert {cell["isolation"] for cell in in_containers["cells"]} == {"docker"}


def test_a_second_run_does_nothing_and_gives_the_same_bytes(in_processes: dict[str, Any]) -> None:
    again = run(in_processes["build"], "process")

    assert (again["measurements"]["exports"], again["measurements"]["runs"]) == (0, 0)
    assert again["bytes"] == in_processes["bytes"]
