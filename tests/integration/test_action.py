"""The workflow's jobs, played through on the tiny project: the action's own scripts, a folder for each machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from tests.fakes.tree import Tree
from tests.workflows import ACTION, load, run_script, script_of

TARGETS = ("npz", "plain", "wrapped")
SPOILT = "\n[routes.wrapped]\noptions = { spoil = 1.01 }\n"


class Machine:
    """A checkout of the tiny project on a machine of its own."""

    def __init__(self, tree: Tree, scratch: Path) -> None:
        self.tree, self.scratch = tree, scratch
        self.summary = scratch / "summary.md"
        scratch.mkdir()

    def step(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of the action's scripts."""
        fixed = {"ROOT": str(self.tree.root), "GITHUB_STEP_SUMMARY": str(self.summary)}
        no_engine = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
        return run_script(script_of(ACTION, "name", name), self.scratch, **fixed, **no_engine, **variables)


@pytest.fixture
def machine(make_runnable: Callable[[Path], Tree], tmp_path: Path) -> Callable[[str, str], Machine]:
    """A machine by name; `toml` is added to the model's file."""

    def make(name: str, toml: str = "") -> Machine:
        tree = make_runnable(tmp_path / name / "project")
        tree.append("models/linear/model.toml", toml)
        return Machine(tree, tmp_path / name / "scratch")

    return make


def played(machine: Callable[..., Machine], targets: tuple[str, ...], toml: str = "") -> Machine:
    """The gate's machine, with what those targets' jobs have uploaded."""
    last = machine("gate", toml)
    for target in targets:
        job = machine(target, toml)
        ran = job.step("Run", SHARD=f"target={target}", EXPORTERS="process")
        assert ran.returncode == OK, ran.stdout + ran.stderr
        assert job.step("Report").returncode == OK
        uploaded = last.scratch / "shards" / f"shard-{target}"
        ignored = shutil.ignore_patterns("envs", "store", "work", "runs")
        shutil.copytree(job.tree.build, uploaded, ignore=ignored)
    return last


def test_green_jobs_open_the_gate(machine: Callable[..., Machine]) -> None:
    last = played(machine, TARGETS)

    codes = [last.step("Merge", PIECES="shards").returncode, last.step("Report").returncode]

    assert codes == [OK, OK]
    assert last.step("Gate").returncode == OK
    assert "all green; 3 of 3 cells passed" in last.summary.read_text()
    assert (last.tree.build / "report" / "index.html").stat().st_size > 10_000


def test_a_red_cell_fails_no_job_but_the_last_and_is_annotated(machine: Callable[..., Machine]) -> None:
    last = played(machine, TARGETS, SPOILT)

    merged, report, gate = last.step("Merge", PIECES="shards"), last.step("Report"), last.step("Gate")

    assert (merged.returncode, report.returncode, gate.returncode) == (OK, OK, GATE_FAILED)
    assert "::error title=linear/wrapped/fp32 mismatch::" in report.stdout
    assert "blamed on wrapped/from_npz" in gate.stdout


def test_a_job_that_died_closes_the_gate(machine: Callable[..., Machine]) -> None:
    last = played(machine, TARGETS[:2])

    merged, report, gate = last.step("Merge", PIECES="shards"), last.step("Report"), last.step("Gate")

    assert (merged.returncode, report.returncode, gate.returncode) == (INCOMPLETE, OK, INCOMPLETE)
    assert "missing: linear/wrapped/fp32: no result in any shard" in merged.stderr


def test_model_code_runs_in_containers_unless_the_job_says_otherwise(machine: Callable[..., Machine]) -> None:
    default = load(ACTION)["inputs"]["exporters"]["default"]
    job = machine("npz")

    ran = job.step("Run", SHARD="target=npz", EXPORTERS=default)

    assert ran.returncode != OK
    assert 'exporters = "docker" needs containers' in ran.stderr
    assert not (job.tree.build / "matrix.json").exists()


def test_a_baseline_is_held(machine: Callable[..., Machine]) -> None:
    last = played(machine, TARGETS)
    assert last.step("Merge", PIECES="shards").returncode == OK
    baseline = last.tree.root / "baseline.json"
    assert last.tree.run("baseline", "update", "--file", str(baseline)).returncode == OK

    held = last.step("Gate with baseline", BASELINE="baseline.json")

    assert held.returncode == OK
    assert "0 regressed" in held.stdout
    assert len(json.loads(baseline.read_text())["cells"]) == len(TARGETS)
