"""The baseline's file, and what an update keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError, IncompleteRun
from deploymatrix.matrix.baseline import updated, write_baseline
from deploymatrix.matrix.records import Cell, Matrix, Measurement
from deploymatrix.matrix.snapshots import CellState, States, read_states, snapshot

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
