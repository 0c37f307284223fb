"""Integers of what is quantised: what the graph decides otherwise than float64, and the runtime than the graph.

An output of integers holds decisions, such as the class with the largest value. Where two values are near each other,
quantising may change which is the larger: that is loss, counted and bounded by the variant. A runtime has to decide as
its graph does, unless that hangs on rounding: where the graph in exact arithmetic and the same graph rounding on the
way decide otherwise, nobody can be held to either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .limits import Limits
from .tensors import Array


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Shares of an output's values over all samples, of which there are `values`.

    lost: the graph decides otherwise than float64. answered: the runtime does. limit: of each of these two. open: the
    graph decides otherwise when it rounds on the way. unfaithful: the runtime decides otherwise than the graph, and it
    is not open; none may be.
    """

    values: int
    lost: float
    answered: float
    limit: float
    open: float
    unfaithful: float

    @property
    def problem(self) -> str | None:
        """Why the output does not pass; None if it does."""
        found = []
        if self.lost > self.limit:
            found.append(_over("graph", self.lost, self.limit))
        elif self.answered > self.limit and not self.unfaithful:
            found.append(_over("runtime", self.answered, self.limit))
        if self.unfaithful:
            found.append(
                f"fidelity: the runtime decides {self.unfaithful:.3g} of the values otherwise than the graph that it "
                "runs, where rounding on the way changes nothing"
            )
        return "; ".join(found) or None


def decisions(
    actual: Sequence[Array],
    reference: Sequence[Array],
    evaluated: Sequence[Array],
    rounded: Sequence[Array] | None,
    limits: Limits,
) -> Decisions:
    """Count what is decided otherwise. All are of one shape, sample by sample; rounded: None where nothing tells."""
    answer, exact, graph = _joined(actual), _joined(reference), _joined(evaluated)
    open_ = np.zeros(len(graph), bool) if rounded is None else _joined(rounded) != graph
    return Decisions(
        values=len(graph),
        lost=_share(graph != exact),
        answered=_share(answer != exact),
        limit=limits.of_decisions(len(graph)),
        open=_share(open_),
        unfaithful=_share((answer != graph) & ~open_),
    )


def _over(whose: str, share: float, limit: float) -> str:
    return f"the {whose} decides {share:.3g} of the values otherwise than float64, over the limit {limit:.3g}"


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([array.reshape(-1) for array in arrays])


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if flags.size else 0.0
