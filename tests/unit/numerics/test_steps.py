"""Models with state: how their samples are drawn, and what is told of each step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.numerics.limits import Limits
from deploymatrix.numerics.references import reference_problem
from deploymatrix.numerics.samples import draw
from deploymatrix.numerics.sequences import draw_sequence
from deploymatrix.numerics.state import State
from deploymatrix.numerics.tensors import Array
from deploymatrix.project.model_specs import Input

LIMITS = Limits(multiple=8, floor=1e-6, ceiling=1e-3)
STEPS = 6


@dataclass(frozen=True)
class Output:
    name: str = "y"
    dtype: str = "float32"
    shape: tuple[int, ...] = (STEPS, 1, 3)
    steps: int | None = STEPS


def compared(folder: Path, exact: list[Array], actual: list[Array], output: Output) -> Comparison:
    """Compare answers with references that float32 rounds and no more."""
    for index, (reference, answer) in enumerate(zip(exact, actual, strict=True)):
        (folder / str(index)).mkdir()
        np.save(folder / f"{index}/y.npy", answer)
        np.save(folder / f"{index}/y.float64.npy", reference)
        np.save(folder / f"{index}/y.float32.npy", reference.astype(output.dtype))
    answers = Answers(
        actual=folder, reference=folder, samples=len(exact), declared=(output,), missing=(), extra=(), orders=()
    )
    return compare(answers, LIMITS)


def test_an_error_that_grows_is_told_step_by_step(tmp_path: Path) -> None:
    exact = [np.random.default_rng(i).standard_normal((STEPS, 1, 3)) for i in range(4)]
    drift = 1 + 1e-5 * np.arange(STEPS)[:, None, None]

    found = compared(tmp_path, exact, [(array * drift).astype(np.float32) for array in exact], Output())

    steps = found.outputs[0].steps
    assert found.outcome == "mismatch"
    assert steps is not None
    assert len(steps.errors) == len(steps.limits) == len(steps.noise) == STEPS
    assert list(steps.errors) == sorted(steps.errors)
    assert steps.errors[0] < steps.limits[0]
    assert steps.errors[-1] == pytest.approx(5e-5, rel=0.01)


def test_a_small_step_among_large_ones_is_judged_by_its_own_scale(tmp_path: Path) -> None:
    exact = [np.random.default_rng(i).standard_normal((STEPS, 1, 3)) for i in range(4)]
    for array in exact:
        array[0] *= 1e-3
    actual = [array.astype(np.float32) for array in exact]
    actual[2][0] *= np.float32(1.02)

    found = compared(tmp_path, exact, actual, Output())

    assert (found.outcome, found.outputs[0].worst and found.outputs[0].worst.axis) == ("mismatch", 0)


def test_a_token_that_differs_is_told_with_its_step(tmp_path: Path) -> None:
    exact = [np.arange(i, i + STEPS).reshape(STEPS, 1) for i in range(4)]
    actual = [array.copy() for array in exact]
    actual[1][4:] += 1

    found = compared(tmp_path, exact, actual, Output(dtype="int64", shape=(STEPS, 1)))

    steps = found.outputs[0].steps
    assert (found.outcome, found.detail) == ("mismatch", "y: error 0.167 is over the limit 0, from step 4 on")
    assert steps is not None
    assert [error > 0 for error in steps.errors] == [False] * 4 + [True] * 2


def test_an_output_without_steps_has_no_figures_of_them(tmp_path: Path) -> None:
    exact = [np.random.default_rng(i).standard_normal((2, 3)) for i in range(4)]

    found = compared(tmp_path, exact, [a.astype(np.float32) for a in exact], Output(shape=(2, 3), steps=None))

    assert (found.outcome, found.outputs[0].steps) == ("passed", None)


def test_a_token_that_float32_chooses_otherwise_is_nobodys_yardstick(tmp_path: Path) -> None:
    for index in range(4):
        (tmp_path / str(index)).mkdir()
        tokens = np.arange(index, index + STEPS).reshape(STEPS, 1)
        np.save(tmp_path / f"{index}/y.float64.npy", tokens)
        np.save(tmp_path / f"{index}/y.float32.npy", tokens + (np.arange(STEPS) >= 3)[:, None] * (index == 2))

    problem = reference_problem([Output(dtype="int64", shape=(STEPS, 1))], 4, tmp_path)

    assert problem is not None
    assert problem.startswith("output y: sample 2 is 5 in float64 and 6 in float32, at [3, 0]")


STATE = State(steps=4, initial={"zeros": "zeros", "sampled": "sampled"})


def declared(name: str, **how: object) -> Input:
    return Input.model_validate({"name": name, "dtype": "float32", "shape": (1, 8), **how})


def test_each_step_is_drawn_anew_and_samples_mirror_each_other_at_each() -> None:
    first, second = (draw_sequence(declared("x"), STATE, [1, 0], index, 4) for index in (0, 1))

    assert first.shape == (4, 1, 8)
    assert len({step.tobytes() for step in first}) == 4
    np.testing.assert_array_equal(first, -second)


def test_integers_are_spread_over_all_steps_of_all_samples() -> None:
    ids = declared("ids", dtype="int64", shape=(1,), values="integers", low=0, high=16)

    found = {int(v) for i in range(4) for v in draw_sequence(ids, STATE, [1, 0], i, 4).ravel()}

    assert {0, 15} <= found
    assert len(found) > 12


def test_the_first_state_has_no_steps() -> None:
    zeros = draw_sequence(declared("zeros"), STATE, [1, 0], 2, 4)
    sampled = draw_sequence(declared("sampled"), STATE, [1, 0], 2, 4)

    assert (zeros.shape, zeros.dtype, zeros.any()) == ((1, 8), np.float32, False)
    np.testing.assert_array_equal(sampled, draw(declared("sampled"), [1, 0], 2))
