"""The user's script judges with the matrix's own comparison: what it once let through or fell over."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.user_script import max_error


def error_of(folder: Path, answer: Any, exact: Any, *, dtype: str = "float32", **value: list[str]) -> float:
    """The error of one output of one sample, which the artifact's signature says to be of `dtype`."""
    for place in ("reference", "run"):
        (folder / place / "0").mkdir(parents=True)
    for wide in ("float64", "float32"):
        np.save(folder / "reference" / "0" / f"y.{wide}.npy", exact)
    np.save(folder / "run" / "0" / "y.npy", answer)
    output = {"name": "y", "dtype": dtype, "shape": list(np.shape(exact))}
    made = {
        "reference": {"out": str(folder / "reference")},
        "export": {"value": {"signature": {"outputs": {"y": output}}}},
        "run": {"out": str(folder / "run"), "value": {"missing": [], "extra": [], **value}},
    }
    task = {"needs": ["reference", "export", "run"], "samples": [{}], "spec": {"outputs": [output]}}
    return max_error(task, made)


def test_the_error_is_the_matrixs(tmp_path: Path) -> None:
    assert error_of(tmp_path, np.float32([1.25, -4]), np.float64([1, -4])) == 0.0625


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_error(tmp_path: Path, value: float) -> None:
    assert error_of(tmp_path, np.float32([1, value]), np.float64([1, 2])) == math.inf


def test_the_same_infinities_are_equal(tmp_path: Path) -> None:
    assert error_of(tmp_path, np.float32([1, math.inf]), np.float64([1, math.inf])) == 0.0


@pytest.mark.parametrize("answer", [np.float32([[1, 2]]), np.float64([1, 2])], ids=["shape", "dtype"])
def test_another_shape_or_dtype_has_no_error(tmp_path: Path, answer: Any) -> None:
    assert error_of(tmp_path, answer, np.float64([1, 2])) == math.inf


def test_bytes_do_not_wrap_around(tmp_path: Path) -> None:
    assert error_of(tmp_path, np.uint8([0, 100]), np.uint8([1, 100]), dtype="uint8") == 0.01


def test_booleans_are_compared(tmp_path: Path) -> None:
    assert error_of(tmp_path, np.array([True, True]), np.array([True, False]), dtype="bool") == 1.0


def test_integers_beyond_the_precision_of_float64_are_told_apart(tmp_path: Path) -> None:
    assert error_of(tmp_path, np.int64([2**53]), np.int64([2**53 + 1]), dtype="int64") > 0


@pytest.mark.parametrize("names", [{"missing": ["y"]}, {"extra": ["z"]}], ids=["missing", "extra"])
def test_other_outputs_have_no_error(tmp_path: Path, names: dict[str, list[str]]) -> None:
    assert error_of(tmp_path, np.float32([1, 2]), np.float64([1, 2]), **names) == math.inf
