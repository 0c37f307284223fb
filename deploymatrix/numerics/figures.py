"""Figures of one output: how far an answer is from the float64 reference.

The error of an output is max|y - y64| / max|y64|. It is normalised by the output's own size, because an absolute limit
means nothing across models, and by the maximum rather than element by element, because elements near zero carry
rounding of the large terms that cancelled in them. slices.py does the same for each slice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .shapes import Shape
from .tensors import Array

if TYPE_CHECKING:
    from .decisions import Decisions
    from .fidelity import Fidelity
    from .limits import Norm


@dataclass(frozen=True, kw_only=True)
class WorstSlice:
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


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """The error of an output at each step, of a model with state: how it drifts.

    Each is relative to the step's own scale, of the sample that uses the largest share of its limit at that step.
    `noise`: eager float32's own error. Where equality is exact, limit and noise are 0.
    """

    errors: tuple[float, ...]
    limits: tuple[float, ...]
    noise: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class OutputFigures:
    """One output, compared with the float64 reference; the worst sample counts.

    error, eager_error and limit are max|y - y64| / max|y64| of the whole output (no unit); headroom is the worst share
    of a limit, of the whole or of any slice, so below 1 passes; `worst` says where. cosine and snr_db (decibel) are of
    all samples together; None where they are not defined (integers, exact equality). max_abs, error, headroom and worst
    are None, and sample_errors empty, where nothing could be measured; headroom and worst also where equality is exact.
    `rows`: of a ragged output, for each sample how many rows were answered and expected. `steps`: of a model with
    state. `norm`: where it is "rms", all of that is the root of the mean square instead of the largest magnitude.
    `fidelity`: of what is quantised, where a second reference answers; `alone`: why that proves nothing of this output.
    `decisions`: of integers of what is quantised, where a second reference answers: what decides instead of `error`.
    """

    name: str
    dtype: str
    shape: Shape
    max_abs: float | None
    error: float | None
    limit: float
    headroom: float | None
    eager_error: float
    cosine: float | None
    snr_db: float | None
    sample_errors: tuple[float | None, ...]
    worst: WorstSlice | None = None
    problem: str | None = None
    rows: tuple[tuple[int, int], ...] | None = None
    steps: StepFigures | None = None
    norm: Norm = "max"
    fidelity: Fidelity | None = None
    alone: str = ""
    decisions: Decisions | None = None


def similarity(pairs: Sequence[tuple[Array, Array]]) -> tuple[float | None, float | None]:
    """Return (cosine, signal-to-noise ratio in dB) of (answer, reference) pairs, over all finite elements of all.

    None where one is not defined.
    """
    actual = np.concatenate([a.astype(np.float64).ravel() for a, _ in pairs])
    reference = np.concatenate([r.astype(np.float64).ravel() for _, r in pairs])
    finite = np.isfinite(reference)
    actual, reference = actual[finite], reference[finite]
    with np.errstate(over="ignore"):  # an infinity is then None
        signal, noise = float(reference @ reference), float(((actual - reference) ** 2).sum())
        norms = math.sqrt(signal) * float(np.linalg.norm(actual))
        cosine = float(actual @ reference) / norms if norms > 0 else None
    snr = 10 * (math.log10(signal) - math.log10(noise)) if signal > 0 and noise > 0 else None
    return (_rounded(cosine), _rounded(snr))


def _rounded(value: float | None) -> float | None:
    """Keep the digits that are stable: sums differ in the last ones with the order that a BLAS adds in."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
