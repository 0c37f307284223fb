"""The second verdict on what is quantised: whether a runtime runs the graph that it was given.

The graph in exact arithmetic is away from float64 by what quantising costs the model, whoever runs it: the loss. What a
runtime answers is away from that graph by its own rounding; deep graphs flip some of their few levels, so that may be a
share of the loss. Both are roots of mean squares over all samples, relative to that of float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .limits import Limits
from .outliers import Floats
from .slices import Stack


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """loss: of the graph against float64. error: of the runtime's answers against the graph. limit: of this error."""

    loss: float
    error: float
    limit: float

    @property
    def problem(self) -> str | None:
        """Why the runtime does not run what it was given; None if it does."""
        if self.error <= self.limit:
            return None
        return (
            f"fidelity: the runtime is {self.error:.3g} away from the graph that it runs, over the limit "
            f"{self.limit:.3g}; the graph itself is {self.loss:.3g} away from float64"
        )


def fidelity(stack: Stack, evaluated: Floats, limits: Limits) -> Fidelity | None:
    """Return how far the stack's answers are from the graph's; None where the graph's are not all finite."""
    if not np.isfinite(evaluated[stack.ordinary]).all():
        return None
    scale = _size(stack.expected, stack.ordinary) or 1.0
    loss = _size(evaluated - stack.expected, stack.ordinary) / scale
    error = _size(stack.actual - evaluated, stack.ordinary) / scale
    return Fidelity(loss=loss, error=error, limit=limits.of_fidelity(loss))


def _size(values: Floats, where: np.ndarray) -> float:
    """Return the root of the mean square; 0 where there is nothing."""
    chosen = np.abs(values[where])
    largest = float(chosen.max(initial=0.0))
    return float(np.sqrt(np.mean((chosen / largest) ** 2)) * largest) if largest > 0 else 0.0
