"""The line that repeats a cell, which cells can be repeated, and the program that goes into a bundle."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.records import Cell
from deploymatrix.numerics import compare, references
from deploymatrix.project.specs import DType, Tensor
from deploymatrix.repro.evidence import command, find_evidence
from deploymatrix.repro.program import reproduce
from tests.fakes.tree import Tree


def a_cell(outcome: str, name: str = "linear/npz/fp32") -> Cell:
    model, target, variant = name.split("/")
    data = {"model": model, "target": target, "variant": variant, "outcome": outcome, "framework": "numpy"}
    return Cell.model_validate({**data, "family": "x", "route": (), "steps": ()})


def test_the_line_is_safe_in_a_shell() -> None:
    line = command("a b;c/t/fp32", options=["--root", "/my project"], models=[Path("/x y")], timeout=5.0)

    assert shlex.split(line) == [
        *("deploymatrix", "--root", "/my project", "repro", "a b;c/t/fp32"),
        *("--models", "/x y", "--timeout", "5", "--run"),
    ]


@pytest.mark.parametrize("outcome", ["missing", "unsupported", "environment_failed"])
def test_a_cell_in_which_nothing_was_tried_is_refused(tree: Tree, outcome: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing to reproduce"):
        find_evidence(tree.project(), a_cell(outcome))


def test_a_cell_that_the_project_no_longer_has_is_refused(tree: Tree) -> None:
    with pytest.raises(ConfigurationError, match="--models"):
        find_evidence(tree.project(), a_cell("mismatch", "gone/npz/fp32"))


FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
PAIRS = st.tuples(arrays(np.float32, (2, 3), elements=FLOATS), arrays(np.float32, (2, 3), elements=FLOATS))
INTEGERS = st.tuples(arrays(np.int64, (4,)), arrays(np.int64, (4,)))


@given(PAIRS)
def test_the_bundles_error_is_the_matrixs(pair: tuple[Any, Any]) -> None:
    actual, reference = pair[0], pair[1].astype(np.float64)
    actual = np.where(np.isfinite(reference) & ~np.isfinite(actual), 0, actual).astype(np.float32)

    assert reproduce.relative_error(actual, reference) == compare.relative_error(actual, reference)[1]


@given(INTEGERS)
def test_integers_are_compared_as_in_the_matrix(pair: tuple[Any, Any]) -> None:
    assert reproduce.relative_error(*pair) == compare.relative_error(*pair)[1]


def verdicts(folder: Path, actual: Any, reference: Any, dtype: DType) -> tuple[str, str]:
    """The outcome in the matrix, and in the bundle, of one output of one sample."""
    for place in ("actual", "reference"):
        (folder / place / "0").mkdir(parents=True, exist_ok=True)
    np.save(folder / "actual" / "0" / "y.npy", actual)
    np.save(folder / "reference" / "0" / "y.float64.npy", reference)
    np.save(folder / "reference" / "0" / "y.float32.npy", reference.astype(dtype))
    declared = Tensor(name="y", dtype=dtype, shape=(2,))
    answers = compare.Answers(actual=folder / "actual", reference=folder / "reference", samples=1, declared=(declared,))
    bundle = {"outputs": [declared.model_dump(mode="json")], "samples": 1, "limit": 1e-5}
    again = reproduce.compared(bundle, {"missing": [], "extra": []}, folder / "actual")
    return compare.compare(answers, 1e-5).outcome, again[0]


@pytest.mark.parametrize(
    ("actual", "outcome"),
    [
        (np.float32([1, 2]), "passed"),
        (np.float32([1, 2.1]), "mismatch"),
        (np.float32([1, np.nan]), "nonfinite"),
        (np.float32([1, np.inf]), "nonfinite"),
        (np.float32([[1, 2]]), "io_mismatch"),
        (np.float64([1, 2]), "io_mismatch"),
        (np.float32([1, 2 + 1.9e-5]), "passed"),
        (np.float32([1, 2 + 2.2e-5]), "mismatch"),
    ],
)
def test_the_bundle_decides_as_the_matrix_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, actual: Any, outcome: str
) -> None:
    monkeypatch.setattr(reproduce, "HERE", tmp_path)

    assert verdicts(tmp_path, actual, np.float64([1, 2]), "float32") == (outcome, outcome)


def test_integers_must_be_equal_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "HERE", tmp_path)

    assert verdicts(tmp_path, np.int64([1, 2]), np.int64([1, 3]), "int64") == ("mismatch", "mismatch")
    assert verdicts(tmp_path, np.int64([1, 3]), np.int64([1, 3]), "int64") == ("passed", "passed")


def test_the_bundle_knows_the_dtypes_and_the_least_variation_of_the_engine() -> None:
    assert DType.__args__ == reproduce.DTYPES  # type: ignore[attr-defined]
    assert references.LEAST_VARIATION == reproduce.LEAST_VARIATION


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"status": "signaled", "stage": "run", "signal": "SIGSEGV"}, "crashed"),
        ({"status": "timed_out", "stage": "run"}, "timed_out"),
        ({"status": "failed", "stage": "import", "error": {"type": "E", "message": "m"}}, "load_failed"),
        ({"status": "no_reply", "stage": "run", "exit_code": 0}, "run_failed"),
    ],
)
def test_a_task_that_did_not_end_well_has_the_matrixs_outcome(reply: dict[str, Any], outcome: str) -> None:
    assert reproduce.failure("run", reply)[0] == outcome
