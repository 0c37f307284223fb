"""The gate and the baseline on a project that is green: budgets, gaps, noise, and what is planned no longer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from tests.fakes.tree import Tree


@pytest.fixture
def green(make_runnable: Callable[[Path], Tree], tmp_path: Path) -> Tree:
    tree = make_runnable(tmp_path / "project")
    assert tree.run("run", "--isolation", "process").returncode == OK
    return tree


def test_a_budget_closes_the_gate_and_the_matrix_says_so(green: Tree) -> None:
    green.write("budgets.toml", '[budgets."linear/wrapped/*"]\nartifact_bytes = 10\nlatency_ratio = 1e-9\n')

    gate, run = green.run("gate"), green.run("run", "--isolation", "process", "--json")

    cells = {cell["target"]: cell for cell in json.loads(run.stdout)["cells"]}
    assert (gate.returncode, run.returncode) == (GATE_FAILED, GATE_FAILED)
    assert "over 10 (budgets.toml" in gate.stdout and "times eager float32, over 1e-09" in gate.stdout
    assert {target: cell["verdict"] for target, cell in cells.items()} == {
        "npz": "ok",
        "plain": "ok",
        "wrapped": "over_budget",
    }
    assert [line.split(" ")[0] for line in cells["wrapped"]["over_budget"]] == ["artifact"]  # times are not canonical


def test_an_incomplete_run_is_told_from_a_red_one(green: Tree, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert green.run("baseline", "update", "--file", str(baseline)).returncode == OK
    green.add_model("late")

    gate = green.run("gate", "--baseline", str(baseline))

    assert gate.returncode == INCOMPLETE
    assert "missing: late/npz/fp32" in gate.stdout


def test_a_second_update_changes_no_line_for_noise(green: Tree, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    green.run("baseline", "update", "--file", str(baseline))
    before = baseline.read_text(encoding="utf-8")
    assert green.run("run", "--isolation", "process", "--fresh").returncode == OK

    done = green.run("baseline", "update", "--file", str(baseline))

    assert done.returncode == OK
    assert baseline.read_text(encoding="utf-8") == before
    assert len(before.splitlines()) == 3 + 7  # a line for each cell


def test_a_baseline_with_a_gap_does_not_let_the_cell_through(green: Tree, tmp_path: Path) -> None:
    matrix = json.loads((green.build / "matrix.json").read_text(encoding="utf-8"))
    matrix["cells"][0]["outcome"] = "missing"
    (tmp_path / "earlier.json").write_text(json.dumps(matrix), encoding="utf-8")

    gate = green.run("gate", "--baseline", str(tmp_path / "earlier.json"))
    diff = green.run("diff", str(tmp_path / "earlier.json"), str(green.build))

    assert (gate.returncode, diff.returncode) == (INCOMPLETE, INCOMPLETE)
    assert "missing: linear/npz/fp32: no result in the baseline" in gate.stdout
    assert "gate closed: 3 passed" in gate.stdout


def test_a_cell_that_is_no_longer_planned_is_listed_as_removed(green: Tree, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    green.run("baseline", "update", "--file", str(baseline))
    text = baseline.read_text(encoding="utf-8")
    baseline.write_text(text.replace('"linear/npz/fp32"', '"older/npz/fp32"'), encoding="utf-8")

    done = green.run("gate", "--baseline", str(baseline))

    assert done.returncode == OK
    assert "removed: older/npz/fp32: passed" in done.stdout
    assert "added: linear/npz/fp32: passed" in done.stdout
