"""Distances of mutants where noise is judged: in multiples of the noise that is there anyway."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploymatrix.numerics.compare import Answers
from deploymatrix.project.model_specs import Tensor
from deploymatrix.selftest.noise import HALF_A_UNIT, LARGEST, noise_distance, units_of
from deploymatrix.selftest.workbench import save

EXACT = np.array([[3.0, -4.0, 5.0, 1.0]])
OUTPUT = Tensor(name="y", dtype="float32", shape=(1, 4))
FIDELITY = {"loss": 0.02, "error": 1e-5, "limit": 0.02}


def answers(folder: Path, moved: float) -> tuple[Answers, Path]:
    """Two samples, and what was before; the answers moved by a share of their size, alike everywhere."""
    for index in range(2):
        for side, array in (("after", EXACT * (1 + moved)), ("before", EXACT)):
            (folder / side).mkdir(exist_ok=True)
            save(folder / side, index, "y", array.astype(np.float32))
        (folder / "reference").mkdir(exist_ok=True)
        save(folder / "reference", index, "y.float64", EXACT)
    reference = folder / "reference"
    return Answers(actual=folder / "after", reference=reference, samples=2, declared=(OUTPUT,)), folder / "before"


def test_a_distance_is_a_multiple_of_the_noise(tmp_path: Path) -> None:
    after, before = answers(tmp_path, 0.1)

    assert noise_distance(after, before, {"y": 0.02}) == pytest.approx(5, rel=1e-4)
    assert noise_distance(after, None, {"y": 0.02}) == pytest.approx(5, rel=1e-4)  # from the float64 reference


def test_what_is_not_finite_or_of_another_shape_has_no_distance(tmp_path: Path) -> None:
    after, before = answers(tmp_path, 0.1)
    save(after.actual, 1, "y", np.full((1, 4), np.nan, np.float32))
    assert noise_distance(after, before, {"y": 0.02}) is None

    save(after.actual, 1, "y", np.ones((1, 3), np.float32))
    assert noise_distance(after, before, {"y": 0.02}) is None


def test_integers_are_the_same_or_as_far_away_as_can_be(tmp_path: Path) -> None:
    after, before = answers(tmp_path, 0.0)
    for folder in (after.actual, before):
        for index in range(2):
            save(folder, index, "y", np.array([1, 2]))
    exact = Answers(
        actual=after.actual,
        reference=after.reference,
        samples=2,
        declared=(Tensor(name="y", dtype="int64", shape=(2,)),),
    )
    assert noise_distance(exact, before, {}) == 0

    save(after.actual, 1, "y", np.array([1, 3]))
    assert noise_distance(exact, before, {}) == LARGEST


def test_noise_is_the_graphs_or_the_runtimes_own() -> None:
    output = {"name": "y", "error": 0.03, "fidelity": FIDELITY}

    assert units_of([output], quantiser=True) == {"y": 0.02}
    assert units_of([output], quantiser=False) == {"y": pytest.approx(2**0.5 * 1e-5)}  # two answers to one graph
    assert units_of([{**output, "fidelity": None}], quantiser=False) == {"y": 0.03}  # it has no second reference
    assert units_of([{**output, "fidelity": {**FIDELITY, "error": 0.0}}], quantiser=False) == {"y": HALF_A_UNIT}
