"""The gate: open only when every planned cell passed or is expected not to; else it says what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.records import Matrix
from tests.fakes.decided import write
from tests.fakes.tree import Called, Tree

EXPECTATION = """
[[expectations]]
cell = "linear/npz/*"
outcome = "{outcome}"
{stage}
reason = "the kernel rounds the wrong way"
link = "https://example.org/issues/1"
"""


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
        ("docker/python/Dockerfile", "ENV MORE=1"),
        ("docker/python/runner.toml", "[tmp]\nsize_mb = 65"),
        ("docker/base/make-base.sh", "# another base"),
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
