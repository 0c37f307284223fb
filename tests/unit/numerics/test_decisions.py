"""Decisions of what is quantised: shares of all values, and how many of a few may be others by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.decisions import decisions
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.limits import of_noise

BOUNDS = {"share": 1.0, "least": 1e-3, "flips": 0.25, "times": 3.0, "far": 0.01}
LIMITS = Limits(**of_noise(24, BOUNDS), flipped=0.1)


def of(*values: int, dtype: str = "int64") -> list[Any]:
    return [np.array(values, dtype)]


@pytest.mark.parametrize(("values", "limit"), [(1, 1.0), (4, 0.55), (100, 0.19), (10_000, 0.109)])
def test_of_few_values_more_may_be_others_by_chance(values: int, limit: float) -> None:
    assert LIMITS.of_decisions(values) == pytest.approx(limit)
    assert Limits(**of_noise(24, BOUNDS)).of_decisions(values) == 0.0


def test_values_of_samples_of_several_sizes_count_alike() -> None:
    graph = [*of(1, 2, 3, 4, 5, 6, 7), *of(8)]
    answer = [*of(1, 2, 3, 4, 5, 6, 7), *of(9)]

    found = decisions(answer, graph, graph, None, LIMITS)

    assert (found.values, found.lost, found.answered, found.unfaithful) == (8, 0.0, 0.125, 0.125)


def test_a_mask_is_held_to_its_graph() -> None:
    mask = of(1, 0, 1, 1, dtype="bool")

    assert decisions(mask, mask, mask, mask, LIMITS).problem is None
    found = decisions(of(1, 1, 1, 1, dtype="bool"), mask, mask, mask, LIMITS)
    assert found.problem is not None and found.problem.startswith("fidelity: the runtime decides 0.25 of the values")


def test_what_is_not_finite_is_decided_by_nobody() -> None:
    """An artifact may answer integers as floats."""
    graph = [np.array([1.0, np.nan, 3.0])]

    found = decisions([np.array([1.0, 2.0, 3.0])], of(1, 2, 3), graph, graph, LIMITS)

    assert (found.lost, found.open, found.unfaithful) == (1 / 3, 1 / 3, 0.0)
