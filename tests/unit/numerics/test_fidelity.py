"""Noise: what quantising costs a model, and whether a runtime runs the graph that it was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.fidelity import fidelity
from deploymatrix.numerics.judging import judged, stacked
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.limits import of_noise
from deploymatrix.project.model_specs import Tensor

BOUNDS = {"share": 1.0, "least": 1e-3, "flips": 0.25, "times": 3.0, "far": 0.01}
LIMITS = Limits(**of_noise(20, BOUNDS))
Y = Tensor(name="y", dtype="float32", shape=(1, 64))


def signal(seed: int = 0, samples: int = 4) -> Any:
    return np.random.default_rng(seed).standard_normal((samples, 1, 64))


def noise(size: float, seed: int = 1) -> Any:
    return size * np.random.default_rng(seed).standard_normal((4, 1, 64))


def stack_of(actual: Any, expected: Any) -> Any:
    return stacked(list(actual), list(expected), [list(expected)], norm="rms")


@pytest.mark.parametrize(("size", "passes"), [(0.05, True), (0.07, True), (0.12, False), (1.0, False)])
def test_noise_is_held_against_its_ratio(size: float, passes: bool) -> None:
    figures, _ = judged(Y, stack_of(signal() + noise(size), signal()), LIMITS)

    assert (figures.problem is None) == passes
    assert figures.norm == "rms" and figures.limit == pytest.approx(0.1)
    assert figures.error == pytest.approx(size, rel=0.35)
    if not passes:
        assert "the signal-to-noise ratio" in str(figures.problem) and "dB is under the limit" in str(figures.problem)


def test_a_sample_that_is_small_as_a_whole_may_have_the_noise_of_the_others() -> None:
    """Levels are as wide for it as for them."""
    expected = signal()
    expected[0] /= 50

    figures, _ = judged(Y, stack_of(expected + noise(0.05), expected), LIMITS)

    assert figures.problem is None


def test_swapped_channels_are_seen_whatever_the_whole_comes_to() -> None:
    expected = np.repeat(signal(samples=64), 1, axis=0)
    swapped = expected.copy()
    swapped[..., [3, 4]] = swapped[..., [4, 3]]

    figures, _ = judged(Y, stack_of(swapped, expected), Limits(**of_noise(12, BOUNDS)))

    assert figures.worst is not None and (figures.worst.axis, figures.worst.index in (3, 4)) == (1, True)
    assert figures.problem is not None


def test_loss_is_the_graphs_and_the_error_the_runtimes() -> None:
    graph = signal() + noise(0.05)

    found = fidelity(stack_of(graph + noise(0.01, seed=2), signal()), graph, None, LIMITS)

    assert found is not None and found.problem is None
    assert (found.loss, found.error) == (pytest.approx(0.05, rel=0.1), pytest.approx(0.01, rel=0.1))
    assert found.limit == found.loss and found.noise is None


def test_a_delegate_that_miscomputes_is_told_though_the_whole_is_within_its_bound() -> None:
    graph = signal() + noise(0.02)

    found = fidelity(stack_of(graph + noise(0.06, seed=2), signal()), graph, None, LIMITS)

    assert found is not None and found.problem is not None
    assert found.problem.startswith("fidelity: the runtime is 0.05") and "is 0.018" in found.problem


def test_a_graph_that_loses_nothing_leaves_a_runtime_its_rounding() -> None:
    found = fidelity(stack_of(signal() * (1 + 1e-4), signal()), signal(), None, LIMITS)

    assert found is not None and (found.loss, found.limit, found.problem) == (0.0, 1e-3, None)


def test_what_is_not_finite_is_no_second_reference() -> None:
    graph = signal()
    graph[0, 0, 0] = np.nan

    assert fidelity(stack_of(signal(), signal()), graph, None, LIMITS) is None


@pytest.mark.parametrize(("off", "passes"), [(0.005, True), (0.03, False)])
def test_a_graph_that_rounding_hardly_moves_is_a_sharper_yardstick(off: float, passes: bool) -> None:
    """Levels flip by chance in some samples, and not in all."""
    graph = signal() + noise(0.05)
    flips = noise(off, seed=2)
    flips[0] = 0

    found = fidelity(stack_of(graph + flips, signal()), graph, graph * (1 + 1e-7), LIMITS)

    assert found is not None and (found.problem is None) == passes
    assert found.noise == pytest.approx(1e-7, rel=0.01) and found.limit == pytest.approx(found.loss / 4)


def test_a_runtime_that_is_a_little_off_in_every_sample_is_told() -> None:
    graph = signal() + noise(0.05)

    found = fidelity(stack_of(graph + noise(0.005, seed=2), signal()), graph, graph * (1 + 1e-7), LIMITS)

    assert found is not None and found.error < found.limit and found.quiet_limit == 1e-3
    assert found.problem == (
        "fidelity: in every sample the runtime is 0.00456 or more away from the graph that it runs, over the limit "
        "0.001; rounding on the way does 9.97e-08"
    )


def test_a_graph_that_flips_by_itself_leaves_a_runtime_as_much_several_times_over() -> None:
    graph = signal() + noise(0.05)

    found = fidelity(stack_of(graph + noise(0.03, seed=2), signal()), graph, graph + noise(0.02, seed=3), LIMITS)

    assert found is not None and found.problem is None
    assert found.noise == pytest.approx(0.02, rel=0.1) and found.limit == found.loss  # never more than the share


@pytest.mark.parametrize(("off", "passes"), [(0.019, True), (0.03, False)])
def test_rounding_that_does_more_than_the_weights_do_is_the_yardstick(off: float, passes: bool) -> None:
    """As in float16: what the graph loses is its weights' rounding, and a runtime rounds each result."""
    graph = signal() + noise(0.002)

    found = fidelity(stack_of(graph + noise(off, seed=2), signal()), graph, graph + noise(0.02, seed=3), LIMITS)

    assert found is not None and (found.problem is None) == passes
    assert found.limit == found.noise == pytest.approx(0.02, rel=0.1)
    assert (found.far, found.far_limit) == (0.0, 0.01)  # of steps that are as wide as that noise makes them


def test_a_few_values_that_are_far_off_are_told_whatever_all_of_them_come_to() -> None:
    graph = signal() + noise(0.05)
    actual = graph.copy()
    actual[:, 0, 0] += 0.3  # two steps, one in sixty-four

    found = fidelity(stack_of(actual, signal()), graph, None, LIMITS)

    assert found is not None and found.error < found.limit
    assert (found.flipped, found.far) == (0.0, pytest.approx(1 / 64)) and found.far_limit == pytest.approx(0.01)
    assert found.problem == (
        "fidelity: 0.0156 of the runtime's values are more than 1.5 steps away from the graph that it runs, over the "
        "limit 0.01"
    )
