"""Python decides as the vectors say, comparison.json and the like; test_node_bundle.py holds Node to the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploymatrix.numerics.compare import compare
from deploymatrix.numerics.stability import judge
from tests.vectors.reading import CASES, NOISE, STABILITY, answers_of, as_expected, limits_of, of_noise


def test_the_vectors_hold_many_cases_of_every_outcome() -> None:
    assert len(CASES) == len({case["name"] for case in CASES}) >= 90
    assert {case["expected"]["outcome"] for case in CASES} == {
        *("passed", "mismatch", "nonfinite", "io_mismatch", "reference_failed"),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_comparison_decides_as_the_vectors_say(tmp_path: Path, case: dict[str, Any]) -> None:
    assert as_expected(compare(answers_of(case, tmp_path), limits_of(case))) == case["expected"]


@pytest.mark.parametrize("case", STABILITY, ids=lambda case: case["name"])
def test_answers_are_stable_as_the_vectors_say(tmp_path: Path, case: dict[str, Any]) -> None:
    found = judge(answers_of(case, tmp_path), limits_of(case))

    assert {"outcome": found.outcome, "detail": found.detail} == case["expected"]


@pytest.mark.parametrize("case", NOISE, ids=lambda case: case["name"])
def test_noise_is_judged_as_the_vectors_say(tmp_path: Path, case: dict[str, Any]) -> None:
    assert of_noise(compare(answers_of(case, tmp_path), limits_of(case))) == case["expected"]
