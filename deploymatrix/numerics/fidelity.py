"""The second verdict on what is quantised: whether a runtime runs the graph that it was given.

The graph in exact arithmetic is away from float64 by what quantising costs the model, whoever runs it: the loss. What a
runtime answers is away from that graph by its own rounding, and by the levels that rounding flips. Both are roots of
mean squares over all samples, relative to that of float64.

How much flips depends on the graph: a shallow one agrees to 1e-7, a deep one flips so much that it is away from itself
by nearly its own loss. So the graph's evaluator may answer a second time, rounding as float32 or float16 does on the
way: what lies between its two answers is the noise that an honest runtime has. A level may flip in one of the two by
chance, so a sample may be away by more, but hardly all of them: the quietest one tells a runtime that is always a
little off.

One figure for all values hides a few that are far off. So they are counted by steps, a step being as wide as that of a
rounding whose noise is the loss: uniform rounding to steps q leaves q / sqrt(12). Most values are in their own step,
few in the next, and no more of them farther off than the graph itself has from float64. Where rounding on the way is
more than the loss, as in float16, a step is that of its noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .limits import Limits
from .outliers import Floats
from .slices import Stack

STEP = math.sqrt(12)  # of a uniform rounding, in roots of the mean square of its noise
NEAR, FAR = 0.5, 1.5  # steps: the same one, the next one, farther


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """Whether the runtime runs the graph that it was given.

    loss: of the graph against float64. error: of the runtime's answers against the graph, and its limit. noise: between
    two answers of the graph's evaluator; None where it has one. quietest: the error of the sample with the least one,
    and its limit; None where the noise is not known. flipped: the share of values that are in the next step; far: of
    those farther off; its limit.
    """

    loss: float
    noise: float | None
    error: float
    limit: float
    quietest: float
    quiet_limit: float | None
    flipped: float
    far: float
    far_limit: float

    @property
    def problem(self) -> str | None:
        """Why the runtime does not run what it was given; None if it does."""
        if self.error > self.limit:
            return (
                f"fidelity: the runtime is {self.error:.3g} away from the graph that it runs, over the limit "
                f"{self.limit:.3g}; the graph itself is {self.loss:.3g} away from float64"
            )
        if self.quiet_limit is not None and self.quietest > self.quiet_limit:
            return (
                f"fidelity: in every sample the runtime is {self.quietest:.3g} or more away from the graph that it "
                f"runs, over the limit {self.quiet_limit:.3g}; rounding on the way does {self.noise:.3g}"
            )
        if self.far > self.far_limit:
            return (
                f"fidelity: {self.far:.3g} of the runtime's values are more than {FAR} steps away from the graph that "
                f"it runs, over the limit {self.far_limit:.3g}"
            )
        return None


def fidelity(stack: Stack, evaluated: Floats, rounded: Floats | None, limits: Limits) -> Fidelity | None:
    """Return how far the stack's answers are from the graph's; None where the graph's are not all finite.

    evaluated, rounded: the graph's answers, [samples, *shape]; exact, and rounded on the way.
    """
    at = stack.ordinary
    if not np.isfinite(evaluated[at]).all():
        return None
    scale = _size(stack.expected[at]) or 1.0
    lost, off = (evaluated - stack.expected)[at], (stack.actual - evaluated)[at]
    loss, error = _size(lost) / scale, _size(off) / scale
    noise = None
    if rounded is not None and np.isfinite(rounded[at]).all():
        noise = _size((rounded - evaluated)[at]) / scale
    samples = [(stack.actual[s] - evaluated[s])[at[s]] for s in range(len(at)) if at[s].any()]
    step = max(loss, noise or 0.0, limits.least) * STEP * scale
    return Fidelity(
        loss=loss,
        noise=noise,
        error=error,
        limit=limits.of_fidelity(loss, noise),
        quietest=min((_size(sample) for sample in samples), default=0.0) / scale,
        quiet_limit=None if noise is None else max(limits.times * noise, limits.least),
        flipped=_share(off, step, NEAR) - _share(off, step, FAR),
        far=_share(off, step, FAR),
        far_limit=limits.far + _share(lost, step, FAR),
    )


def _share(values: Floats, step: float, steps: float) -> float:
    """Return the share of values that are farther off than so many steps."""
    return float(np.mean(np.abs(values) > steps * step)) if values.size else 0.0


def _size(values: Floats) -> float:
    """Return the root of the mean square; 0 where there is nothing."""
    sizes = np.abs(values)
    largest = float(sizes.max(initial=0.0))
    return float(np.sqrt(np.mean((sizes / largest) ** 2)) * largest) if largest > 0 else 0.0
