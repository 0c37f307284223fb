"""What a mismatch of a quantised artifact fails: the model's loss or the runtime's fidelity."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import pytest

from deploymatrix.numerics.failing import every_name, failing, intact, named


@dataclass(frozen=True)
class Second:
    loss: float
    error: float
    limit: float = 0.05
    quietest: float = 0.0
    quiet_limit: float | None = None
    far: float = 0.0
    far_limit: float = 0.01


@dataclass(frozen=True)
class Decided:
    lost: float = 0.0
    answered: float = 0.0
    limit: float = 0.1
    unfaithful: float = 0.0


@dataclass(frozen=True)
class Output:
    headroom: float | None = 0.5
    fidelity: Second | None = None
    decisions: Decided | None = None
    norm: str = "rms"
    limit: float = 0.1
    error: float | None = 0.05
    eager_error: float = 1e-7


def integers(**shares: float) -> Output:
    """An output that is not float64's, and judged by what it decides."""
    return Output(headroom=None, norm="max", limit=0.0, error=1.0, decisions=Decided(**shares))


FAITHFUL = Second(loss=0.02, error=0.01)


@pytest.mark.parametrize(
    ("output", "fails"),
    [
        (Output(fidelity=FAITHFUL), ()),
        (Output(headroom=2.0), ("loss",)),
        (Output(headroom=2.0, fidelity=FAITHFUL), ("loss",)),
        (Output(headroom=2.0, fidelity=Second(loss=0.2, error=0.01)), ("loss",)),
        (Output(headroom=9.0, fidelity=Second(loss=0.02, error=1.24)), ("fidelity",)),
        (Output(fidelity=Second(loss=0.02, error=0.06)), ("fidelity",)),
        (Output(fidelity=Second(loss=0.02, error=0.01, far=0.02)), ("fidelity",)),
        (Output(fidelity=Second(loss=0.02, error=0.01, quietest=0.01, quiet_limit=1e-5)), ("fidelity",)),
        (Output(fidelity=Second(loss=0.02, error=0.01, quietest=0.0, quiet_limit=1e-5)), ()),
        (Output(headroom=9.0, fidelity=Second(loss=0.2, error=1.24)), ("loss", "fidelity")),
        (Output(fidelity=Second(loss=0.2, error=0.01)), ("loss",)),
        (Output(fidelity=Second(loss=nan, error=nan)), ("loss", "fidelity")),
        (Output(headroom=nan), ("loss",)),
        (Output(error=None, headroom=None), ("loss",)),
        (Output(headroom=9.0, norm="max"), ()),
        (integers(lost=0.1, answered=0.1), ()),
        (integers(lost=0.2, answered=0.0), ("loss",)),
        (integers(lost=0.0, answered=0.2), ("loss",)),
        (integers(unfaithful=0.01), ("fidelity",)),
        (integers(answered=0.2, unfaithful=0.01), ("fidelity",)),
        (integers(lost=0.2, unfaithful=0.01), ("loss", "fidelity")),
        (integers(lost=nan, answered=nan, unfaithful=nan), ("loss", "fidelity")),
    ],
)
def test_what_an_output_fails(output: Output, fails: tuple[str, ...]) -> None:
    assert failing([output]) == fails


def test_an_output_that_is_compared_exactly_fails_by_loss_beside_one_of_noise() -> None:
    exact = Output(norm="max", limit=0.0, error=1.0, headroom=None)

    assert failing([exact, Output()]) == ("loss",)
    assert failing([exact]) == ()


def test_several_outputs_are_said_once_each_in_one_order() -> None:
    outputs = [Output(fidelity=Second(loss=0.02, error=1.0)), Output(headroom=2.0), Output(headroom=3.0)]

    assert failing(outputs) == ("loss", "fidelity")
    assert named("mismatch", failing(outputs)) == "mismatch (loss, fidelity)"


def test_names() -> None:
    assert named("mismatch", ()) == "mismatch"
    assert {"mismatch (loss)", "mismatch (fidelity)", "mismatch (accuracy)"} < set(every_name("mismatch"))
    assert len(every_name("mismatch")) == 7


NEAR = Output(error=3e-8, headroom=1e-6)
IN_FULL = Output(fidelity=Second(loss=5e-7, error=1e-8))


@pytest.mark.parametrize(
    ("outputs", "nothing"),
    [
        ([NEAR], True),
        ([IN_FULL], True),
        ([NEAR, IN_FULL, Output(norm="max", error=0.0)], True),
        ([NEAR, Output()], False),
        ([Output(fidelity=Second(loss=2e-5, error=1e-8))], False),  # 16 bits
        ([Output(error=0.0, eager_error=0.0)], False),  # float32 is exact here, and few bits may be, too
        ([Output(error=0.0, eager_error=0.0), NEAR], True),
        ([Output(norm="max", error=0.0)], False),
        ([Output(error=None)], False),
        ([Output(error=nan)], False),
        ([], False),
    ],
)
def test_nothing_was_quantised_where_every_output_is_as_near_as_float32(outputs: list[Output], nothing: bool) -> None:
    assert intact(outputs) == nothing
    if nothing:
        assert failing(outputs) == ("loss",)
