"""The gate: open only when every planned cell passed or is expected not to; else it says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from deploymatrix.execution.keys import Keys
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.store import digests
from tests.fakes.tree import Called, Tree

EXPECTATION = """
[[expectations]]
cell = "linear/npz/*"
outcome = "{outcome}"
{stage}
reason = "the kernel rounds the wrong way"
link = "https://example.org/issues/1"
"""


def write(tree: Tree, repairs: dict[str, tuple[str, ...]] | None = None, **outcomes: tuple[str, str | None]) -> None:
    """A matrix in which every cell passed but those of the given targets (None leaves one out), repaired by target."""
    project = tree.project()
    planned = plan_cells(project, Selection())
    inputs = Keys(project).current_inputs(planned)
    cells = [
        Cell(
            model=cell.model.name,
            framework="numpy",
            family="other",
            target=cell.target.name,
            variant=cell.variant,
            route=(),
            steps=(),
            inputs=inputs[cell.name],
            outcome=outcomes.get(cell.target.name, ("passed", None))[0],  # type: ignore[arg-type]
            stage=outcomes.get(cell.target.name, ("passed", None))[1],  # type: ignore[arg-type]
            detail="what happened",
            repairs=(repairs or {}).get(cell.target.name, ()),
            verdict="ok",
        )
        for cell in planned
        if outcomes.get(cell.target.name) != ("", None)
    ]
    write_matrix(Matrix(generator="test", isolation="process", cells=tuple(cells)), tree.build)


def expect(tree: Tree, outcome: str, stage: str | None = None) -> None:
    line = f'stage = "{stage}"' if stage else ""
    tree.append("targets/npz/target.toml", EXPECTATION.format(outcome=outcome, stage=line))


def test_the_gate_is_open_when_every_cell_passed(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    done = call("gate")

    assert done.code == OK
    assert "gate open: 3 passed" in done.out


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/linear/model.py", "more = 1"),
        ("pipelines/npz/from_numpy.py", "more = 1"),
        ("pipelines/environments/numpy.lock", "# another build"),
        ("targets/npz/run.py", "more = 1"),
        ("targets/npz/requirements.lock", "# another build"),
    ],
)
def test_a_result_of_files_that_changed_since_is_stale(
    tree: Tree, call: Callable[..., Called], file: str, line: str
) -> None:
    write(tree)
    tree.append(file, f"\n{line}\n")

    done = call("gate")

    assert done.code == INCOMPLETE
    assert "stale: linear/npz/fp32" in done.out


def test_a_stricter_limit_makes_the_result_stale(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    tree.change("targets/npz/target.toml", "2e-6", "1e-6")

    done = call("gate")

    assert done.code == INCOMPLETE
    assert "stale: linear/npz/fp32" in done.out
    assert "stale: linear/plain/fp32" not in done.out


def test_a_comment_makes_nothing_stale(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    tree.append("targets/npz/run.py", "\n# nothing new\n")

    assert call("gate").code == OK


@pytest.mark.parametrize("outcome", ["mismatch", "crashed", "unsupported", "environment_failed", "reference_failed"])
def test_a_cell_that_did_not_pass_closes_the_gate(tree: Tree, call: Callable[..., Called], outcome: str) -> None:
    write(tree, npz=(outcome, "run"))

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"red: linear/npz/fp32: {outcome} in stage run: what happened" in done.out


@pytest.mark.parametrize("missing", [("missing", "plan"), ("", None)], ids=["missing", "not in the matrix"])
def test_a_planned_cell_without_a_result_closes_the_gate(
    tree: Tree, call: Callable[..., Called], missing: tuple[str, str | None]
) -> None:
    write(tree, npz=missing)

    done = call("gate")

    assert done.code == INCOMPLETE
    assert "missing: linear/npz/fp32" in done.out


def test_a_red_cell_counts_more_than_a_missing_one(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("missing", "plan"), plain=("mismatch", "compare"))

    assert call("gate").code == GATE_FAILED


def test_without_a_matrix_nothing_is_known(tree: Tree, call: Callable[..., Called]) -> None:
    done = call("gate")

    assert done.code == INCOMPLETE
    assert "no matrix yet" in done.err


@pytest.mark.parametrize("text", ["", "{}", '{"schema_version": 1', '{"schema_version": 2, "cells": []}'])
def test_what_is_no_matrix_is_not_taken_for_one(tree: Tree, call: Callable[..., Called], text: str) -> None:
    tree.write("build/matrix.json", text)

    assert call("gate").code == INCOMPLETE


def test_a_matrix_without_cells_does_not_open_the_gate(tree: Tree, call: Callable[..., Called]) -> None:
    write_matrix(Matrix(generator="test", isolation="process", cells=()), tree.build)

    assert call("gate").code == INCOMPLETE


def test_a_selection_gates_its_own_cells(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("mismatch", "compare"))

    plain, npz = call("gate", "-t", "plain"), call("gate", "-t", "npz")

    assert (plain.code, npz.code) == (OK, GATE_FAILED)
    assert "partial: 1 of 3 planned cells; gate open: 1 passed" in plain.out
    assert "partial: 1 of 3 planned cells; gate closed: 0 passed" in npz.out


def test_what_is_red_is_led_by_its_causes(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("crashed", "run"), plain=("crashed", "run"), wrapped=("mismatch", "compare"))

    lines = call("gate").out.splitlines()

    assert lines[:2] == ["cause: 2 cells: crash in run", "cause: 1 cell: numeric: no step is blamed"]
    assert lines[2].startswith("red: ")


def test_the_whole_plan_is_not_called_partial(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    assert "partial" not in call("gate").out


def test_a_model_that_came_after_the_run_is_missing(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    tree.add_model("new")

    done = call("gate")

    assert done.code == INCOMPLETE
    assert "missing: new/npz/fp32" in done.out


@pytest.mark.parametrize("stage", [None, "compare"])
def test_what_is_expected_leaves_the_gate_open(tree: Tree, call: Callable[..., Called], stage: str | None) -> None:
    write(tree, npz=("mismatch", "compare"))
    expect(tree, "mismatch", stage)

    done = call("gate")

    assert done.code == OK
    assert "expected: linear/npz/fp32: mismatch" in done.out


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (("passed", None), ("mismatch", None)),
        (("crashed", "run"), ("mismatch", None)),
        (("crashed", "run"), ("crashed", "export")),
    ],
    ids=["it passed", "another outcome", "another stage"],
)
def test_an_expectation_that_does_not_hold_closes_the_gate_and_is_named(
    tree: Tree, call: Callable[..., Called], happened: tuple[str, str | None], expected: tuple[str, str | None]
) -> None:
    write(tree, npz=happened)
    expect(tree, *expected)

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"targets/npz/target.toml expects {expected[0]}" in done.out


def test_an_expectation_excuses_no_missing_cell(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("missing", "plan"))
    expect(tree, "mismatch")

    assert call("gate").code == INCOMPLETE


def test_an_expectation_is_about_its_own_target_only(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("mismatch", "compare"), plain=("mismatch", "compare"))
    tree.append(
        "targets/npz/target.toml", EXPECTATION.format(outcome="mismatch", stage="").replace("linear/npz/*", "*")
    )

    done = call("gate")

    assert done.code == GATE_FAILED
    assert "red: linear/plain/fp32" in done.out
    assert "expected: linear/npz/fp32" in done.out


def test_an_entry_that_was_removed_after_the_run_no_longer_counts(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("mismatch", "compare"))
    expect(tree, "mismatch")
    assert call("gate").code == OK

    tree.change("targets/npz/target.toml", EXPECTATION.format(outcome="mismatch", stage=""), "")

    assert call("gate").code == GATE_FAILED


WARNING = {"step": "npz/from_numpy", "rule": "value-fixed", "text": "model.py:7: …", "means": "It is fixed."}


def rewrite(tree: Tree, **fields: object) -> None:
    """Give the cell of npz these fields."""
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text())
    cell = next(cell for cell in matrix["cells"] if cell["target"] == "npz")
    path.write_text(json.dumps({**matrix, "cells": [{**cell, **fields}, *(c for c in matrix["cells"] if c != cell)]}))


def test_cells_whose_exporters_warned_are_refused_on_request(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    rewrite(tree, warnings=[WARNING])

    usual, strict = call("gate"), call("gate", "--no-warnings")

    assert (usual.code, strict.code) == (OK, GATE_FAILED)
    assert "refused: linear/npz/fp32: its exporters warned: value-fixed" in strict.out
    assert "gate closed: 3 passed, 0 expected, 0 red, 1 refused" in strict.out


def test_a_cell_that_read_what_has_changed_since_is_stale(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    file = tree.write("shared/weights.bin", "1")
    rewrite(tree, reads={"shared/weights.bin": digests.of_code(file)})
    before = call("gate").code

    file.write_text("2")
    changed = call("gate")
    file.unlink()

    assert (before, changed.code, call("gate").code) == (OK, INCOMPLETE, INCOMPLETE)
    assert "stale: linear/npz/fp32: shared/weights.bin has changed since the run; run the cell" in changed.out


def test_a_repaired_cell_passes_unless_repairs_are_refused(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, repairs={"wrapped": ("wrapped-axes", "wrapped-loop")})

    assert call("gate").code == OK
    refused = call("gate", "--no-repairs")

    assert refused.code == GATE_FAILED
    assert "repaired: linear/wrapped/fp32: passed with a repair of wrapped-axes, wrapped-loop" in refused.out
    assert "2 passed, 0 expected, 0 red, 1 repaired" in refused.out


def test_without_repairs_there_is_nothing_to_refuse(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    assert call("gate", "--no-repairs").code == OK


def test_a_repaired_cell_that_is_red_anyway_is_refused_once(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, repairs={"wrapped": ("wrapped-axes",)}, wrapped=("mismatch", "compare"))

    refused = call("gate", "--no-repairs")

    assert refused.code == GATE_FAILED
    assert "red: linear/wrapped/fp32" in refused.out and "repaired:" not in refused.out
