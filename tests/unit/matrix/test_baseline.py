"""The baseline's file, and what an update keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK, ConfigurationError, IncompleteRun
from deploymatrix.matrix.baseline import updated, write_baseline
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.matrix.snapshots import CellState, States, read_states, snapshot
from tests.fakes.matrices import write_run
from tests.fakes.states import states as states_of_reports
from tests.fakes.tree import Called, Tree

OLD = CellState(outcome="passed", bytes=1000, headroom=0.2, run_s=2e-3, eager_s=1e-3)
NOISY = OLD.model_copy(update={"run_s": 2.4e-3, "headroom": 0.21})
LARGER = OLD.model_copy(update={"bytes": 2000})


def states(selection: tuple[str, ...] = (), **cells: CellState) -> States:
    return States(generator="deploymatrix 1", isolation="process", selection=selection, cells=cells)


def test_a_baseline_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_baseline(states(b=OLD, a=LARGER), tmp_path / "baseline.json")

    assert read_states(tmp_path / "baseline.json") == states(a=LARGER, b=OLD)


def test_the_file_has_a_line_for_each_cell_sorted_by_name(tmp_path: Path) -> None:
    write_baseline(states(b=OLD, a=LARGER), tmp_path / "baseline.json")

    lines = (tmp_path / "baseline.json").read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith(" ")] == [' "a"', ' "b"']
    assert json.loads("\n".join(lines))["cells"]["b"]["bytes"] == 1000


def test_an_update_keeps_figures_that_moved_by_noise_and_takes_the_others() -> None:
    result = updated(states(a=OLD, b=OLD), states(a=NOISY, b=LARGER))

    assert result.cells == {"a": OLD, "b": LARGER}


def test_a_full_run_drops_cells_that_are_gone_and_a_selection_keeps_them() -> None:
    old = states(a=OLD, gone=OLD)

    assert set(updated(old, states(a=OLD)).cells) == {"a"}
    assert set(updated(old, states(("-t x",), a=LARGER)).cells) == {"a", "gone"}
    assert updated(old, states(("-t x",), a=LARGER)).selection == ()


def test_an_incomplete_run_never_becomes_the_baseline() -> None:
    with pytest.raises(IncompleteRun, match="no result for a:"):
        updated(None, states(a=CellState(outcome="missing"), b=OLD))


def test_a_matrix_is_read_with_the_measurements_beside_it(tmp_path: Path) -> None:
    data = {"model": "m", "target": "t", "variant": "fp32", "framework": "x", "family": "x", "route": (), "steps": ()}
    cell = Cell.model_validate({**data, "outcome": "passed", "artifact": {"sha256": "0", "bytes": 7}})
    matrix = Matrix(generator="x", isolation="docker", selection=("-t t",), cells=(cell,))
    measured = {"cell": "m/t/fp32", "cached": True, "run_s": 0.123456, "eager_s": 0.1}
    (tmp_path / "matrix.json").write_text(matrix.model_dump_json())
    (tmp_path / "measurements.json").write_text(
        json.dumps({"wall_s": 1.0, "exports": 0, "runs": 0, "cells": [measured]})
    )

    found = read_states(tmp_path)

    assert found == snapshot(matrix, {"m/t/fp32": Measurement.model_validate(measured)})
    assert found.selection == ("-t t",)
    assert found.cells["m/t/fp32"] == CellState(outcome="passed", bytes=7, run_s=0.1235, eager_s=0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "neither a baseline nor a matrix"),
        ('{"cells": {"a": {"outcome": "pased"}}, "generator": "x", "isolation": "process"}', "cells.a.outcome"),
    ],
)
def test_a_file_that_is_neither_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.json").write_text(text)

    with pytest.raises(ConfigurationError, match=r"x\.json") as refused:
        read_states(tmp_path / "x.json")

    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused_with_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="baseline update"):
        read_states(tmp_path / "baseline.json")


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ("over_budget", GATE_FAILED, "1 red: 1 over budget; 41 of 42 cells passed"),
        ("unmatched", GATE_FAILED, "1 red: 1 entry without a cell"),
        ("one_cause", GATE_FAILED, "180 red: 180 environment_failed"),
        ("selection", INCOMPLETE, "partial: 2 of 42 planned cells"),
        ("shard", INCOMPLETE, "partial: 14 of 42 planned cells"),
    ],
)
def test_a_red_or_partial_run_becomes_the_baseline_only_by_force(
    tree: Tree, call: Callable[..., Called], state: str, code: int, said: str
) -> None:
    write_run(tree.build, states_of_reports()[state])
    file = tree.root / "baseline.json"

    refused = call("baseline", "update", "--file", str(file))

    assert refused.code == code
    assert said in refused.err and "--force" in refused.err
    assert not file.exists()
    assert call("baseline", "update", "--file", str(file), "--force").code == OK
    assert file.exists()


def test_a_whole_green_run_needs_no_force(tree: Tree, call: Callable[..., Called]) -> None:
    write_run(tree.build, states_of_reports()["green"])

    assert call("baseline", "update", "--file", str(tree.root / "baseline.json")).code == OK


def test_not_even_force_makes_a_baseline_of_a_gap(tree: Tree, call: Callable[..., Called]) -> None:
    write_run(tree.build, states_of_reports()["missing"])

    done = call("baseline", "update", "--file", str(tree.root / "baseline.json"), "--force")

    assert done.code == INCOMPLETE
    assert "no result for mlp/onnx/fp32" in done.err
