"""What the figures of one output bear, and where they contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import inf, isclose

from deploymatrix.matrix.output_records import DecisionsRecord, OutputRecord, StepsRecord, WorstRecord
from deploymatrix.numerics.limits import Limits
from deploymatrix.numerics.shapes import Shape, listed, partly_bound

AT_THE_LIMIT = "g"  # the letter of a heat map from which on a share is over its limit, or just at it
ROUNDED = 1e-6  # figures that follow from each other agree so far, relatively


@dataclass(frozen=True)
class Finding:
    """An outcome that a figure bears, and which figure it is."""

    outcome: str
    why: str


def findings(output: OutputRecord, drift: Mapping[str, float], limits: Limits | None) -> Iterator[Finding]:
    """Yield whatever keeps the output from having passed. limits: the project's, where they are known.

    Comparisons are written so that NaN never passes.
    """
    name, differ = output.name, drift.get(output.name)
    if differ is not None and not differ <= output.limit:
        yield Finding("unstable", f"{name}: answers differ by {differ:.3g}, over the limit {output.limit:.3g}")
    lacking = [pair for pair in output.rows or () if pair[0] != pair[1]]
    if lacking:
        yield Finding("mismatch", f"{name}: {lacking[0][0]} rows, the reference has {lacking[0][1]}")
        return
    if output.error is None:
        yield Finding("nonfinite", f"{name}: nothing could be measured")
        return
    unjudged = limits.problem(output.eager_error) if limits and not is_exact(output.dtype) and output.limit else None
    if unjudged:
        yield Finding("reference_failed", f"{name}: {unjudged}")
    if output.alone:
        yield Finding("reference_failed", f"{name}: {output.alone}")
    yield from (Finding("mismatch", f"{name}: {why}") for why in _over(output, output.error))


def oddities(output: OutputRecord, samples: int, sizes: Sequence[Mapping[str, int]] = ()) -> Iterator[str]:
    """Yield a line for each figure of a measured output that is absent, or that another one contradicts.

    sizes: those of the dims in each sample.
    """
    wrong = [f"{key} is {value}" for key, value in _figures(output) if not 0 <= value < inf]
    if output.rows is not None:
        wrong += _of_rows(output, output.rows, samples)
    if output.steps is not None:
        wrong += _of_steps(output, output.steps)
    if output.error is not None:
        wrong += _of_samples(output, output.error, samples)
        wrong += _of_worst(output, output.error, samples, sizes) if output.limit else _of_exact(output)
    if output.decisions is not None:
        wrong += _of_decisions(output, output.decisions)
    yield from (f"{output.name}: {line}" for line in wrong)


def is_exact(dtype: str) -> bool:
    """Tell whether a dtype is compared exactly, as `numerics` does: the gate does without numpy."""
    return not dtype.startswith("float")


def _over(output: OutputRecord, error: float) -> Iterator[str]:
    worst = output.worst
    if output.decisions is not None:
        yield from _over_decided(output, output.decisions)
    elif not error <= output.limit:
        yield f"error {error:.3g} is over its limit {output.limit:.3g}"
    elif output.headroom is not None and not output.headroom <= 1:
        yield f"it uses {output.headroom:.3g} of its limit"
    elif worst is not None and not worst.error <= worst.limit * (1 + ROUNDED):
        yield f"axis {worst.axis}, slice {worst.index}: error {worst.error:.3g} is over its limit {worst.limit:.3g}"
    elif worst is not None and max(worst.heat, default="") > AT_THE_LIMIT:
        yield f"its heat map is over the limit: {worst.heat}"
    elif (fidelity := output.fidelity) is not None and not fidelity.error <= fidelity.limit:
        yield f"its fidelity is {fidelity.error:.3g}, over the limit {fidelity.limit:.3g}"
    elif fidelity is not None and fidelity.quiet_limit is not None and not fidelity.quietest <= fidelity.quiet_limit:
        yield f"every sample is {fidelity.quietest:.3g} away from the graph, over the limit {fidelity.quiet_limit:.3g}"
    elif fidelity is not None and not fidelity.far <= fidelity.far_limit:
        yield f"{fidelity.far:.3g} of its values are far from the graph, over the limit {fidelity.far_limit:.3g}"
    elif (step := _first_over(output.steps)) is not None:
        yield f"the error of step {step} is over its limit"
    elif output.problem is not None:
        yield f"its problem is: {output.problem}"


def _over_decided(output: OutputRecord, found: DecisionsRecord) -> Iterator[str]:
    for whose, share in (("graph", found.lost), ("runtime", found.answered)):
        if not share <= found.limit:
            yield f"its {whose} decides {share:.3g} otherwise, over the limit {found.limit:.3g}"
    if not found.unfaithful <= 0:
        yield f"its runtime decides {found.unfaithful:.3g} otherwise than the graph"
    if output.problem is not None:
        yield f"its problem is: {output.problem}"


def _figures(output: OutputRecord) -> Iterator[tuple[str, float]]:
    """Yield each figure that is there, but for similarities, which decide nothing."""
    keys = ("max_abs", "error", "limit", "headroom", "eager_error")
    found = [(key, getattr(output, key)) for key in keys]
    found += [(f"the error of sample {index}", error) for index, error in enumerate(output.sample_errors)]
    if output.worst is not None:
        found += [(f"worst {key}", getattr(output.worst, key)) for key in ("error", "limit", "noise", "share")]
    if output.fidelity is not None:
        found += [(f"fidelity's {key}", value) for key, value in output.fidelity if value is not None]
    if output.decisions is not None:
        found += [(f"decisions' {key}", value) for key, value in output.decisions]
    if output.steps is not None:
        for key in ("errors", "limits", "noise"):
            found += [(f"{key} of step {step}", value) for step, value in enumerate(getattr(output.steps, key))]
    yield from ((key, value) for key, value in found if value is not None)


def _of_samples(output: OutputRecord, error: float, samples: int) -> Iterator[str]:
    errors = [error for error in output.sample_errors if error is not None]
    if len(errors) != samples or len(output.sample_errors) != samples:
        yield f"{len(errors)} errors of {samples} samples"
    elif max(errors, default=error) != error:
        yield f"error is {error:.3g}, that of its worst sample {max(errors):.3g}"
    if output.max_abs is None:
        yield "max_abs is not there"


def _of_rows(output: OutputRecord, rows: tuple[tuple[int, int], ...], samples: int) -> Iterator[str]:
    most = output.shape[0] if output.shape else None
    if len(rows) != samples:
        yield f"rows of {len(rows)} samples, not of {samples}"
    if not isinstance(most, int) or any(not 0 <= expected <= most for _, expected in rows):
        yield f"more rows are expected than its shape {listed(output.shape)} has"
    if output.error is not None and any(answered != expected for answered, expected in rows):
        yield "its rows are not those expected, and yet it was measured"


def _first_over(steps: StepsRecord | None) -> int | None:
    """Return the first step whose error is over its own limit."""
    pairs = zip(steps.errors, steps.limits, strict=False) if steps else ()
    return next((step for step, (error, limit) in enumerate(pairs) if not error <= limit * (1 + ROUNDED)), None)


def _of_steps(output: OutputRecord, steps: StepsRecord) -> Iterator[str]:
    count = output.shape[0] if output.shape else 0
    if output.error is None:
        yield "it has figures of steps, and yet nothing could be measured"
    elif {len(steps.errors), len(steps.limits), len(steps.noise)} != {count}:
        yield f"{len(steps.errors)} errors of {count} steps"
    elif not output.limit and any(steps.errors) != (output.error > 0):
        yield f"error is {output.error:.3g}, that of its worst step {max(steps.errors):.3g}"


def _of_worst(output: OutputRecord, error: float, samples: int, sizes: Sequence[Mapping[str, int]]) -> Iterator[str]:
    """Yield what is wrong with the figures that every output has which has a limit."""
    worst = output.worst
    if output.headroom is None or worst is None:
        yield f"{'headroom' if output.headroom is None else 'the worst slice'} is not there"
        return
    if worst.share != output.headroom:
        yield f"headroom is {output.headroom:.3g}, the worst slice's share {worst.share:.3g}"
    if worst.limit > 0 and worst.share < 1e300 and not _near(worst.error / worst.limit, worst.share):
        yield f"the worst slice's share is {worst.share:.3g}, its error over its limit {worst.error / worst.limit:.3g}"
    if error / output.limit > output.headroom * (1 + ROUNDED):
        yield f"headroom is {output.headroom:.3g}, error over limit {error / output.limit:.3g}"
    shape = partly_bound(output.shape, sizes[worst.sample] if 0 <= worst.sample < len(sizes) else {})
    if not _is_inside(worst, shape, samples):
        yield f"the worst slice is outside of the shape {listed(shape)} or of {samples} samples"


def _of_exact(output: OutputRecord) -> Iterator[str]:
    if output.headroom is not None or output.worst is not None:
        yield "it is compared exactly, and yet has a share of a limit"


def _of_decisions(output: OutputRecord, found: DecisionsRecord) -> Iterator[str]:
    if output.limit or output.fidelity is not None:
        yield "it is judged by its decisions, and yet not compared exactly"
    if output.error is not None and (output.error > 0) != (found.answered > 0):
        yield f"error is {output.error:.3g}, and {found.answered:.3g} of its values are not those of float64"
    if found.answered > (found.lost + found.open + found.unfaithful) * (1 + ROUNDED):
        yield f"{found.answered:.3g} of its values are not those of float64: more than its graph and rounding change"


def _is_inside(worst: WorstRecord, shape: Shape, samples: int) -> bool:
    """Tell whether the worst place is one of the output's; a size that nobody says bounds nothing."""
    if (worst.axis is None) != (worst.index is None) or not 0 <= worst.sample < samples:
        return False
    if worst.axis is not None and not 0 <= worst.axis < len(shape):
        return False
    bounds = [size if isinstance(size, int) else inf for size in shape]
    index = () if worst.axis is None or worst.index is None else ((worst.index, bounds[worst.axis]),)
    positions = zip(worst.position, bounds, strict=False)
    return len(worst.position) in (0, len(shape)) and all(0 <= at < size for at, size in chain(index, positions))


def _near(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=ROUNDED, abs_tol=1e-300)
