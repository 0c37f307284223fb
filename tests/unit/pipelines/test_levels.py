"""Whether a quantiser's levels stand for the weights that it was given."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FILE = Path(__file__).parents[3] / "pipelines/variants/levels.py"
GIVEN = np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32) * np.float32(
    [[1], [2], [3], [4], [5], [6]]
)
Array = Any


@pytest.fixture(scope="module")
def levels() -> Any:
    spec = importlib.util.spec_from_file_location("levels", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rounded(values: Array, scale: Array) -> Array:
    return np.clip(np.round(values / scale), -127, 127) * scale


def scales(values: Array) -> Array:
    return np.abs(values).max(axis=1, keepdims=True) / 127


def held(levels: Any, values: Array, axis: int | None = 0) -> None:
    levels.refuse([levels.Weight("w", values, axis)], [np.zeros((6, 40), np.float32), GIVEN])


def test_what_is_rounded_is_within_half_a_step(levels: Any) -> None:
    held(levels, rounded(GIVEN, scales(GIVEN)))
    held(levels, rounded(GIVEN, np.abs(GIVEN).max() / 127), axis=None)
    held(levels, rounded(GIVEN, scales(GIVEN)).T, axis=1)  # as a quantiser may turn it


def scale_of_one(values: Array) -> Array:
    changed = rounded(values, scales(values))
    changed[3] *= 1.5
    return changed


def neighbours(values: Array) -> Array:
    changed = rounded(values, scales(values))
    changed[3] = np.roll(changed[3], 1)
    return changed


def one_scale(values: Array) -> Array:
    return rounded(values, np.abs(values).max() / 127)


def clipped(values: Array) -> Array:
    return rounded(values, scales(values) * 0.9)


@pytest.mark.parametrize("fault", [scale_of_one, neighbours, one_scale, clipped])
def test_what_is_more_than_that_off_is_refused(levels: Any, fault: Callable[[Array], Array]) -> None:
    with pytest.raises(levels.WrongLevels, match=r"of 1 weights stand for other numbers .*: w \(.* steps\)"):
        held(levels, fault(GIVEN))


def test_a_bias_has_steps_of_its_own(levels: Any) -> None:
    """They may be wider than it needs."""
    given, step = np.float32([0.25, -0.3, 1.0]), np.float64([0.1])
    right = np.round(given / step) * step

    levels.refuse([levels.Weight("b", right, None, step)], [given])
    with pytest.raises(levels.WrongLevels):
        levels.refuse([levels.Weight("b", 2 * right, None, step)], [given])


def test_steps_of_a_channel_that_is_nearly_zero_may_be_wider_than_it_needs(levels: Any) -> None:
    given = GIVEN.copy()
    given[2] *= np.float32(1e-7)
    scale = np.maximum(scales(given), scales(given).max() * 1e-5)

    levels.refuse([levels.Weight("w", rounded(given, scale), 0)], [given])


def test_what_was_computed_on_the_way_is_not_looked_at(levels: Any) -> None:
    held(levels, np.ones((6, 41)))
