"""Shards of real runs on the tiny project: merged in any order, the bytes of one run. One step of it is spoiled."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from tests.fakes.tree import Tree

SPOILED = "spoiled/wrapped/fp32"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, make_runnable: Callable[[Path], Tree]) -> Tree:
    """Five models on three targets; the npz of `spoiled` is wrong, and that of `broken` is not made."""
    tree = make_runnable(tmp_path_factory.mktemp("shards") / "project")
    tree.add_model("another")
    tree.add_model("broken", '[routes.npz]\noptions = { fault = "export_raises" }')
    tree.add_model("raises", '[routes.npz]\noptions = { fault = "raise" }')
    tree.add_model("spoiled", "[routes.npz]\noptions = { spoil = 1.01 }")
    return tree


def run_part(project: Tree, part: str | None) -> Path:
    """The build folder of a run with an empty store, as on a machine of its own."""
    build: Path = project.root / f"build-{(part or 'whole').replace('/', '-of-').replace('=', '-')}"
    if build.is_dir():
        return build
    build.mkdir()
    (build / "envs").symlink_to((project.build / "envs").resolve())
    chosen = ["--shard", part] if part else []
    done = project.run("--build-dir", str(build), "run", "--isolation", "process", *chosen)
    assert done.returncode in (OK, GATE_FAILED), done.stderr
    return build


def test_shards_merged_in_any_order_are_the_bytes_of_one_run(project: Tree, tmp_path: Path) -> None:
    whole = (run_part(project, None) / "matrix.json").read_bytes()

    for count in (1, 2, 7):
        folders = [run_part(project, f"{index}/{count}") for index in range(1, count + 1)]
        random.Random(count).shuffle(folders)
        done = project.run("merge", *map(str, folders), "--out", str(tmp_path / str(count)))
        assert done.returncode == OK, done.stderr
        assert (tmp_path / str(count) / "matrix.json").read_bytes() == whole


def test_jobs_by_target_give_the_same_bytes_and_one_of_them_blames_a_step_of_another(
    project: Tree, tmp_path: Path
) -> None:
    folders = [run_part(project, f"target={name}") for name in ("wrapped", "npz", "plain")]

    done = project.run("merge", *map(str, folders), "--out", str(tmp_path))

    shard = json.loads((folders[0] / "matrix.json").read_text())
    blamed = {f"{c['model']}/{c['target']}/{c['variant']}": c["blame"] for c in shard["cells"]}
    assert done.returncode == OK
    assert {name.split("/")[1] for name in blamed} == {"wrapped"}
    assert blamed[SPOILED] == "npz/from_numpy"  # found by verifying the npz on a target that is not this shard's
    assert (tmp_path / "matrix.json").read_bytes() == (run_part(project, None) / "matrix.json").read_bytes()


def test_a_merge_without_one_shard_names_its_cells_and_the_merge_can_be_merged(project: Tree, tmp_path: Path) -> None:
    first, second = run_part(project, "1/2"), run_part(project, "2/2")

    half = project.run("merge", str(first), "--out", str(tmp_path / "half"))
    whole = project.run("merge", str(second), str(tmp_path / "half"), "--out", str(tmp_path / "whole"))

    cells = json.loads((second / "matrix.json").read_text())["cells"]
    assert half.returncode == INCOMPLETE
    assert sorted(half.stderr.splitlines()) == sorted(
        f"missing: {c['model']}/{c['target']}/{c['variant']}: no result in any shard" for c in cells
    )
    assert whole.returncode == OK
    assert (tmp_path / "whole/matrix.json").read_bytes() == (run_part(project, None) / "matrix.json").read_bytes()


def test_the_gate_and_the_report_work_on_what_was_merged(project: Tree, tmp_path: Path) -> None:
    build = tmp_path / "build"
    parts = [str(run_part(project, "1/2")), str(run_part(project, "2/2"))]
    assert project.run("--build-dir", str(build), "merge", *parts).returncode == OK

    gate = project.run("--build-dir", str(build), "gate")
    report = project.run("--build-dir", str(build), "report")
    page = project.run("--build-dir", str(build), "explain", "raises/npz/fp32", "--json")

    assert gate.returncode == GATE_FAILED
    assert "gate closed: 8 passed, 0 expected, 7 red, 0 missing" in gate.stdout
    assert report.returncode == OK
    assert json.loads(page.stdout)[0]["log"][-1] == "RuntimeError: the kernel does not take this shape"


def test_the_gate_is_not_content_with_one_shard(project: Tree) -> None:
    done = project.run("--build-dir", str(run_part(project, "target=plain")), "gate")

    assert "10 missing" in done.stdout
    assert done.returncode == GATE_FAILED


def test_a_shard_of_a_baseline_updates_its_own_cells_only(project: Tree, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    for part in (None, "1/2"):
        build = str(run_part(project, part))
        update = ("--build-dir", build, "baseline", "update", "--file", str(baseline))
        assert project.run(*update).returncode == GATE_FAILED, "it is red"
        assert project.run(*update, "--force").returncode == OK

    assert len(json.loads(baseline.read_text())["cells"]) == 15


def test_a_shard_without_cells_is_no_failure(runnable: Tree) -> None:
    done = runnable.run("run", "--isolation", "process", "--shard", "1/40", "--json")

    assert done.returncode == OK
    assert json.loads(done.stdout)["cells"] == []
    assert len(json.loads(done.stdout)["shard"]["cells"]) == 3
