"""A mismatch that says what it fails: entries match it, the gate derives it, and reports show it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.causes import cause_of
from deploymatrix.matrix.counts import standing
from deploymatrix.matrix.derived import contradictions
from deploymatrix.matrix.expectations import judge, read_expectations
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import Cell
from deploymatrix.numerics.limits import Limits
from tests.fakes.matrices import expectation, make_cell
from tests.fakes.outputs import fidelity_record
from tests.fakes.tree import Tree

TODAY = date(2026, 1, 1)


def mismatch(*fails: str, loss: float = 0.01, error: float = 0.01) -> Cell:
    """A cell of noise that is over its limit, with a graph and a runtime that are so far off."""
    cell = make_cell("mlp", "onnx", variant="int8-static", outcome="mismatch")
    (output,) = cell.outputs
    second = fidelity_record(loss=loss, error=error, limit=0.02)
    measured: dict[str, Any] = {"norm": "rms", "fidelity": second}
    outputs = (output.model_copy(update=measured),)
    return cell.model_copy(update={"outputs": outputs, "fails": fails, "blame": "runtime onnx"})


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ("mismatch", "expected"),
        ("mismatch (fidelity)", "expected"),
        ("mismatch (loss)", "unexpected_outcome"),
        ("mismatch (loss, fidelity)", "unexpected_outcome"),
    ],
)
def test_an_entry_may_name_what_a_mismatch_fails(expected: str, verdict: str) -> None:
    entry = expectation("mlp/onnx/int8-static", expected)

    assert judge(mismatch("fidelity"), [entry], TODAY).verdict == verdict


def test_an_entry_about_one_fault_excuses_no_second_one() -> None:
    entry = expectation("mlp/onnx/int8-static", "mismatch (loss)")

    assert judge(mismatch("loss", "fidelity"), [entry], TODAY).verdict == "unexpected_outcome"


@pytest.mark.parametrize(("outcome", "known"), [("mismatch (fidelity)", True), ("mismatch (luck)", False)])
def test_the_words_of_an_entry_are_checked(tree: Tree, outcome: str, known: bool) -> None:
    tree.append(
        "targets/npz/target.toml",
        f'\n[[expectations]]\ncell = "*"\noutcome = "{outcome}"\nreason = "measured on this machine"\n'
        'link = "docs/findings/x.md"\n',
    )

    if known:
        assert [entry.outcome for entry in read_expectations(tree.project())] == [outcome]
    else:
        with pytest.raises(ConfigurationError, match=r"mismatch \(luck\)"):
            read_expectations(tree.project())


def test_what_a_run_recorded_contradicts_nothing() -> None:
    assert contradictions(mismatch("fidelity", error=1.24)) == []
    assert contradictions(mismatch("loss")) == []
    assert contradictions(mismatch("loss", "fidelity", loss=9.0, error=1.24)) == []


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        (mismatch("loss", error=1.24), "its figures say mismatch (fidelity), not mismatch (loss)"),
        (mismatch(error=1.24), "its figures say mismatch (fidelity), not mismatch"),
        (mismatch("fidelity"), "its figures say mismatch (loss), not mismatch (fidelity)"),
        (make_cell("mlp", "onnx", fails=("loss",)), "its figures say passed, not passed (loss)"),
    ],
)
def test_the_gate_derives_it_anew(edited: Cell, said: str) -> None:
    assert said in contradictions(edited)


@pytest.mark.parametrize(("reduced", "lines"), [(True, 1), (False, 0)])
def test_the_gate_derives_that_nothing_is_quantised(reduced: bool, lines: int) -> None:
    cell = make_cell("mlp", "onnx", variant="int8-static")
    (output,) = cell.outputs
    second = fidelity_record(loss=output.eager_error, error=0.0, limit=0.02)
    limits = Limits(multiple=0.0, floor=0.05, ceiling=0.05, norm="rms", reduced=reduced)

    intact = cell.model_copy(update={"outputs": (output.model_copy(update={"norm": "rms", "fidelity": second}),)})

    found = contradictions(intact, limits)
    assert len(found) == lines
    assert all("say mismatch, not passed: no output lost more than float32 does" in line for line in found)


def test_reports_say_it() -> None:
    cell = mismatch("fidelity", error=1.24)

    assert "mismatch (fidelity) in stage compare, blamed on runtime onnx" in explain_red(cell)
    assert standing(cell) == "mismatch (fidelity)"
    assert cause_of(cell) == "fidelity: runtime onnx"
