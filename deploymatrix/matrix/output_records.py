"""What a run leaves behind of one output: how far its answers are from the reference."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from deploymatrix.matrix.frozen import Frozen
from deploymatrix.numerics.shapes import listed

MOST = 1e300  # a share of a limit of 0


class WorstRecord(Frozen):
    """Where an output uses the largest share of what it may be off by.

    `axis`, `index`: the slice; both None for the output as a whole and, where `far`, for the values that stand far out
    of its range. error, noise (eager float32's own) and limit are relative to the slice's scale; share: error / limit.
    `position`: of the worst element, an index for each axis. `heat`: the largest share in each of at most 64 stretches
    of `heat_axis`, which is the axis with the worst slice; None where no axis has two slices. A letter is a quarter of
    a decade: 0 for 1e-4 and less, g from the limit itself on, z for 56,000 times the limit and more.
    """

    axis: int | None
    index: int | None
    far: bool
    sample: int
    error: float
    limit: float
    noise: float
    share: float
    position: tuple[int, ...]
    heat_axis: int | None
    heat: str


class StepsRecord(Frozen):
    """The error of an output at each step, of a model with state: how it drifts.

    Each is relative to the step's own scale, of the sample that uses the largest share of its limit at that step.
    `noise`: eager float32's own error. Where equality is exact, limit and noise are 0.
    """

    errors: tuple[float, ...]
    limits: tuple[float, ...]
    noise: tuple[float, ...]


class FidelityRecord(Frozen):
    """Whether a runtime runs the quantised graph that it was given; relative, by the root of the mean square.

    `loss`: of the graph in exact arithmetic against float64. `noise`: between the graph in exact arithmetic and rounded
    on the way; null where nothing tells. `error`: of the runtime's answers against the graph. `quietest`: of the sample
    with the least error. `flipped`, `far`: the shares of values that are half a step to one and a half, and more than
    that, away from the graph.
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
    def share(self) -> float:
        """The largest share of a limit that is used; above 1 the runtime does not run what it was given."""
        used = [(self.error, self.limit), (self.far, self.far_limit)]
        if self.quiet_limit is not None:
            used.append((self.quietest, self.quiet_limit))
        return max(figure / limit if limit > 0 else (MOST if figure > 0 else 0.0) for figure, limit in used)


class DecisionsRecord(Frozen):
    """What an output of integers, of what is quantised, decides otherwise: shares of its values in all samples.

    `lost`: the graph in exact arithmetic otherwise than float64. `answered`: the runtime otherwise than float64.
    `limit`: of each of the two. `open`: the graph otherwise when it rounds on the way. `unfaithful`: the runtime
    otherwise than the graph, where that is not open; none may be.
    """

    values: int
    lost: float
    answered: float
    limit: float
    open: float
    unfaithful: float


class OutputRecord(Frozen):
    """One output, compared with the float64 reference; the worst sample counts.

    error, eager_error and limit are max|y - y64| / max|y64| of the whole output (no unit); headroom is the worst share
    of a limit, of the whole or of any slice, so below 1 passes; `worst` says where. cosine and snr_db (decibel) are of
    all samples together; None where they are not defined (integers, exact equality).
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] = Field(description="a size is a number, a dim's name, or null where it varies")
    max_abs: float | None
    error: float | None
    limit: float
    headroom: float | None
    eager_error: float
    cosine: float | None
    snr_db: float | None
    sample_errors: tuple[float | None, ...]
    worst: WorstRecord | None = None
    problem: str | None = None
    rows: tuple[tuple[int, int], ...] | None = Field(
        default=None, description="of a ragged output, for each sample how many rows were answered and expected"
    )
    steps: StepsRecord | None = Field(default=None, description="of a model with state, whose first axis is its steps")
    norm: Literal["max", "rms"] = Field(
        default="max", description="what errors are measured by: the largest magnitude, or the root of the mean square"
    )
    fidelity: FidelityRecord | None = Field(
        default=None, description="of what is quantised, where a second reference answers"
    )
    alone: str = Field(default="", description="why the second reference proves nothing: the output does not pass")

    decisions: DecisionsRecord | None = Field(
        default=None,
        description="of integers of what is quantised, where a second reference answers: they decide, and not `error`",
    )

    @property
    def type(self) -> str:
        """Dtype and shape, such as "float32[batch, 10]"."""
        return f"{self.dtype}{listed(self.shape)}"
