"""Which of its judgements a quantised artifact fails: by that it is the model or the runtime that is at fault.

    loss      the graph in exact arithmetic is too far away from float64, whoever runs it
    fidelity  the runtime is too far away from the graph that it was given
    accuracy  the task is done worse than the model's budget allows

Without numpy, since the gate derives these words anew from the figures of a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Literal, Protocol, get_args

Failing = Literal["loss", "fidelity", "accuracy"]
WORDS: tuple[Failing, ...] = get_args(Failing)
# Times eager float32's error: what float32 leaves, in any runtime. Weights of 16 bits lose 27 times as much and more.
INTACT = 8


class Second(Protocol):
    """The figures of the second verdict; see fidelity.py."""

    @property
    def loss(self) -> float: ...
    @property
    def error(self) -> float: ...
    @property
    def limit(self) -> float: ...
    @property
    def quietest(self) -> float: ...
    @property
    def quiet_limit(self) -> float | None: ...
    @property
    def far(self) -> float: ...
    @property
    def far_limit(self) -> float: ...


class Decided(Protocol):
    """The figures of integers; see decisions.py."""

    @property
    def lost(self) -> float: ...
    @property
    def answered(self) -> float: ...
    @property
    def limit(self) -> float: ...
    @property
    def unfaithful(self) -> float: ...


class Figures(Protocol):
    """The figures of an output that tell it, of numerics or of a record."""

    @property
    def norm(self) -> str: ...
    @property
    def limit(self) -> float: ...
    @property
    def error(self) -> float | None: ...
    @property
    def eager_error(self) -> float: ...
    @property
    def headroom(self) -> float | None: ...
    @property
    def fidelity(self) -> Second | None: ...
    @property
    def decisions(self) -> Decided | None: ...


def failing(outputs: Iterable[Figures]) -> tuple[Failing, ...]:
    """Return what a mismatch's outputs fail, each once, in the order of WORDS; none where noise judges nothing."""
    found = list(outputs)
    if not any(output.norm == "rms" or output.decisions is not None for output in found):
        return ()
    failed = {word for output in found for word in _failed(output)}
    if not failed and intact(found):
        return ("loss",)
    return tuple(word for word in WORDS if word in failed)


def intact(outputs: Iterable[Figures]) -> bool:
    """Tell whether every output that is judged by noise is as near to float64 as float32 is: nothing was quantised.

    A model may have outputs in front of its weights, so that one that is near says nothing.
    """
    noise = [(lost(output), INTACT * output.eager_error) for output in outputs if output.norm == "rms"]
    measured = [(loss, float32) for loss, float32 in noise if loss is not None]
    return any(float32 > 0 for _, float32 in measured) and all(loss <= float32 for loss, float32 in measured)


def lost(output: Figures) -> float | None:
    """Return an output's loss: of the graph where something answers for it, else of the answers; None: not measured."""
    return output.error if output.fidelity is None else output.fidelity.loss


def named(outcome: str, fails: Iterable[Failing]) -> str:
    """Return an outcome with what it fails: "mismatch (loss, fidelity)"."""
    words = ", ".join(fails)
    return f"{outcome} ({words})" if words else outcome


def every_name(outcome: str) -> list[str]:
    """List all that `named` can give for an outcome that something fails."""
    return [named(outcome, words) for count in range(1, len(WORDS) + 1) for words in combinations(WORDS, count)]


def _failed(output: Figures) -> Iterator[Failing]:
    """Yield what one output fails. Comparisons are written so that NaN passes nothing.

    Answers that are too far away are the model's loss, unless the graph is not and the runtime does not run it.
    """
    if output.decisions is not None:
        yield from _decided(output.decisions)
        return
    second = output.fidelity
    faithful = second is None or _faithful(second)
    lossy = second is not None and not second.loss <= output.limit
    if lossy or (faithful and not _within(output)):
        yield "loss"
    if not faithful:
        yield "fidelity"


def _faithful(second: Second) -> bool:
    quiet = second.quiet_limit is None or second.quietest <= second.quiet_limit
    return second.error <= second.limit and quiet and second.far <= second.far_limit


def _decided(found: Decided) -> Iterator[Failing]:
    faithful = found.unfaithful <= 0
    if not found.lost <= found.limit or (faithful and not found.answered <= found.limit):
        yield "loss"
    if not faithful:
        yield "fidelity"


def _within(output: Figures) -> bool:
    """Tell whether the answers themselves are near enough to float64; where equality is exact, there is no share."""
    if output.error is None:
        return False
    return output.error <= output.limit if output.headroom is None else output.headroom <= 1
