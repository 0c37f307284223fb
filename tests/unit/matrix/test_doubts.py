"""The gate believes figures: a matrix that was edited after the run closes it, with a line that says which figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from tests.fakes.decided import Edit, edit, write
from tests.fakes.tree import Called, Tree

NAME = "linear/npz/fp32"
EXPECTATION = """
[[expectations]]
cell = "linear/npz/*"
outcome = "crashed"
reason = "the kernel rounds the wrong way"
link = "https://example.org/issues/1"
"""


def set_output(**figures: Any) -> Edit:
    return lambda cell: cell["outputs"][0].update(figures)


@pytest.mark.parametrize("outcome", ["mismatch", "nonfinite", "io_mismatch", "unstable", "crashed", "run_failed"])
def test_a_red_cell_edited_to_passed_closes_the_gate(tree: Tree, call: Callable[..., Called], outcome: str) -> None:
    stage = {"unstable": "run", "crashed": "run", "run_failed": "run"}.get(outcome, "compare")
    write(tree, npz=(outcome, stage))
    edit(tree, lambda cell: cell.update(outcome="passed", stage=None, blame=None, detail="", verdict="ok"))

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"refused: {NAME}: " in done.out
    assert "gate closed: 2 passed, 0 expected, 0 red, 1 refused" in done.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_output(error=9.9), "mismatch, not passed: left: error 9.9 is over its limit 2e-06"),
        (lambda cell: cell.update(outputs=[]), "its figures say io_mismatch, not passed: it has no outputs"),
        (lambda cell: cell.update(samples=0), "it has no samples"),
        (lambda cell: cell.update(samples=3), "it has 3 samples, the model 4"),
        (lambda cell: cell["outputs"].pop(), "its outputs are left; the model declares left, right"),
        (set_output(shape=[1, 2]), "left: shape is [1, 2], the model declares [1, 3]"),
        (set_output(dtype="float16"), "left: dtype is float16, the model declares float32"),
        (set_output(error=None), "left: nothing could be measured"),
        (lambda cell: cell.update(steps=["npz/from_luck"]), "its steps are npz/from_luck, those of the plan"),
        (lambda cell: cell.update(framework="keras"), "its framework is keras, the model's numpy"),
        (lambda cell: cell.update(isolation="docker", image="1"), "it ran in docker isolation, the others in process"),
        (lambda cell: cell["outputs"][0]["worst"].update(limit=9.9, share=2e-8), "left: its worst limit is 9.9"),
    ],
)
def test_a_figure_that_bears_no_pass_closes_the_gate(
    tree: Tree, call: Callable[..., Called], change: Edit, said: str
) -> None:
    write(tree)
    edit(tree, change)

    done = call("gate")

    assert done.code == GATE_FAILED
    assert said in done.out


def test_a_limit_that_is_not_the_projects_closes_the_gate(tree: Tree, call: Callable[..., Called]) -> None:
    """Ten times the limit and ten times the error: within themselves, the figures agree."""
    write(tree, npz=("mismatch", "compare"))

    def larger(cell: dict[str, Any]) -> None:
        cell.update(outcome="passed", stage=None, verdict="ok")
        for output in cell["outputs"]:
            share = output["error"] / 1e-3
            output.update(limit=1e-3, headroom=share, problem=None)
            output["worst"].update(limit=1e-3, share=share)

    edit(tree, larger)

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"refused: {NAME}: left: its limit is 0.001, the project's 2e-06" in done.out


def test_a_models_own_limit_is_the_projects(tree: Tree, call: Callable[..., Called]) -> None:
    tree.append("models/linear/model.toml", '\n[limits.fp32]\nerror = 1e-4\nreason = "our users took it"\n')
    write(tree)

    done = call("gate")

    assert "left: its limit is 2e-06, the project's 0.0001" in done.out


def test_an_outcome_that_is_expected_must_be_borne_too(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, npz=("mismatch", "compare"))
    edit(tree, lambda cell: cell.update(outcome="crashed", stage="run"))
    tree.append("targets/npz/target.toml", EXPECTATION)

    done = call("gate")

    assert done.code == GATE_FAILED
    assert f"refused: {NAME}: its figures say mismatch, not crashed" in done.out
    assert "2 passed, 0 expected" in done.out


@pytest.mark.parametrize("command", ["gate", "report", "baseline update", "matrix"])
def test_a_cell_that_stands_twice_is_refused_by_whoever_reads(
    tree: Tree, call: Callable[..., Called], command: str
) -> None:
    """Red first and green last: the last one counted."""
    write(tree)
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    red = {**matrix["cells"][0], "outcome": "crashed", "stage": "run"}
    path.write_text(json.dumps({**matrix, "cells": [red, *matrix["cells"]]}), encoding="utf-8")

    done = call(*command.split(" "))

    assert done.code == INCOMPLETE
    assert f"{NAME} stands in it more than once" in done.err


def test_a_cell_that_nobody_planned_closes_the_gate(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    ghost = {**matrix["cells"][0], "model": "ghost"}
    path.write_text(json.dumps({**matrix, "cells": [ghost, *matrix["cells"]]}), encoding="utf-8")

    whole, part = call("gate"), call("gate", "-t", "plain")

    assert (whole.code, part.code) == (GATE_FAILED, GATE_FAILED)
    assert "refused: ghost/npz/fp32: the project plans no such cell" in whole.out
    assert "gate closed: 3 passed, 0 expected, 0 red, 1 refused" in whole.out


def test_two_images_of_one_target_close_the_gate(tree: Tree, call: Callable[..., Called]) -> None:
    tree.add_model("another")
    write(tree)
    edit(tree, lambda cell: cell.update(versions={"npz: numpy": "1"}))
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    next(c for c in matrix["cells"] if (c["model"], c["target"]) == ("linear", "npz"))["versions"] = {"npz: numpy": "2"}
    path.write_text(json.dumps(matrix), encoding="utf-8")

    done = call("gate")

    assert done.code == GATE_FAILED
    assert "not of the same run as another/npz/fp32: version of npz: numpy: 1 against 2" in done.out


@pytest.mark.parametrize(
    ("command", "code"), [("baseline update", GATE_FAILED), ("baseline update --force", GATE_FAILED), ("report", OK)]
)
def test_others_do_not_take_the_word_of_the_record_either(
    tree: Tree, call: Callable[..., Called], command: str, code: int
) -> None:
    write(tree)
    edit(tree, set_output(error=9.9))

    done = call(*command.split(" "))

    assert done.code == code
    said = done.err if code else (tree.build / "report/matrix.md").read_text(encoding="utf-8")
    assert "error 9.9 is over its limit" in said
