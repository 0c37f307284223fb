"""The limit of an output: a multiple of what float32 itself does to the model, between a floor and a ceiling.

docs/how-cells-are-judged.md says where the figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

# What rounding may always leave in a slice, as a share of the largest value of the whole output: four units in the last
# place of float32. Slices that are zero by cancellation or behind a ReLU need it: eager may have met the zero by luck.
ROUNDING = 2.0**-22
# The same where nobody knows eager's answers: a share of the given limit.
GIVEN_ROUNDING = 1 / 16
# What may lie between two answers that a model itself gives in float16: four roundings of 2**-11; two in a small slice.
HALF, HALF_ROUNDING = 2.0**-9, 2.0**-10

# Behind the name of a quantised graph's exact output: what that comes to when the graph rounds on the way.
ROUNDED = ".rounded"

Norm = Literal["max", "rms"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds the errors of floating-point outputs; all are relative, without unit.

    `multiple`: of eager float32's own error. `floor`, `ceiling`: of what comes out. `error`: set for one model instead.
    `norm`: of errors and of what they are relative to: the largest magnitude, or the root of the mean square.
    Of a runtime against a quantised graph: `share` of the graph's loss and `least` bound it. Where the noise of honest
    rounding is known, `flips`, a share of the loss, and `times` that noise hold instead of `share`, if they are less.
    `far`: the share of values that may be far off. `reduced`: what is judged stores its weights in fewer bits than
    float32, so that answers as near as float32's show that it does not. `flipped`: the share of integers that the graph
    may decide otherwise than float64.
    """

    multiple: float
    floor: float
    ceiling: float
    error: float | None = None
    rounding: float = ROUNDING
    norm: Norm = "max"
    share: float = 0.0
    least: float = 0.0
    flips: float = 0.0
    times: float = 0.0
    far: float = 0.0
    reduced: bool = False
    flipped: float = 0.0

    def for_eager(self, dtype: str) -> Limits:
        """Return the limits of an output that eager itself gives in a dtype: float16 rounds more than float32 does."""
        if dtype != "float16" or self.error is not None or self.norm == "rms":
            return self
        floor = max(self.floor, HALF)
        return replace(self, multiple=0.0, floor=floor, ceiling=floor, rounding=max(self.rounding, HALF_ROUNDING))

    def derived(self, eager: float) -> float:
        """Return the limit that follows from eager float32's own error."""
        return min(max(self.multiple * eager, self.floor), self.ceiling)

    def of(self, eager: float) -> float:
        """Return the limit of a whole output."""
        return self.derived(eager) if self.error is None else self.error

    def factor(self, eager: float) -> float:
        """Return by how much a limit set for the model changes those of all slices."""
        return self.of(eager) / self.derived(eager)

    def of_fidelity(self, loss: float, noise: float | None) -> float:
        """Return how far a runtime may be away from a graph that is itself that far away from float64.

        noise: what honest rounding does to the graph's answers; None where nobody knows. It may be more than the loss,
        which in float16 is that of the weights alone.
        """
        most = self.share * max(loss, noise or 0.0)
        likely = most if noise is None else max(self.flips * loss, self.times * noise)
        return max(min(most, likely), self.least)

    def of_decisions(self, values: int) -> float:
        """Return the share of so many integers that may be decided otherwise: by chance, three deviations more."""
        return self.flipped + 3 * sqrt(self.flipped * (1 - self.flipped) / max(values, 1))

    def problem(self, eager: float) -> str | None:
        """Return why nobody can be judged by a reference of which eager float32 is that far off; None if one can."""
        if self.error is None and self.multiple * eager > self.ceiling:
            return (
                f"too ill-conditioned to judge: eager float32 is off by {eager:.3g}, and {self.multiple:.3g} times "
                f"that is over the ceiling {self.ceiling:.3g}"
            )
        if eager > self.of(eager):
            return (
                f"eager float32 is off by {eager:.3g} itself, over the limit {self.of(eager):.3g}; no exporter can be "
                "blamed for that"
            )
        return None


def given(limit: float) -> Limits:
    """Return the limits where eager's answers are not known: one figure for the whole and for every slice."""
    return Limits(multiple=0.0, floor=limit, ceiling=limit, rounding=limit * GIVEN_ROUNDING)
