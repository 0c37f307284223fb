"""Figures of outputs, made up for the reports' tests."""

from __future__ import annotations

import random
from collections.abc import Iterator

from deploymatrix.matrix.output_records import FidelityRecord, OutputRecord, WorstRecord
from deploymatrix.matrix.records import Outcome


def outputs_of(model: str, target: str, variant: str, outcome: Outcome) -> Iterator[OutputRecord]:
    draw = random.Random(f"{model}/{target}/{variant}")
    limit = 1e-5 if variant == "fp32" else 5e-2
    for name, shape in [("logits", (1, 10))] + ([("hidden", (2, 1, 32))] if "lstm" in model else []):
        scale = {"mismatch": 300.0, "passed": 0.04}.get(outcome, 0.04)
        errors: list[float | None] = [limit * scale * draw.uniform(0.3, 1) for _ in range(4)]
        if outcome == "nonfinite":
            errors[2] = None
        known = [error for error in errors if error is not None]
        worst = max(known) if None not in errors else None
        yield OutputRecord(
            name=name,
            dtype="float32",
            shape=shape,
            max_abs=worst and worst * 3.1,
            error=worst,
            limit=limit,
            headroom=worst and worst / limit,
            eager_error=3.7e-7,
            cosine=0.9999998 if outcome == "passed" else 0.91,
            snr_db=118.2 if outcome == "passed" else 14.1,
            sample_errors=tuple(errors),
            worst=None if worst is None else _worst(shape, worst, limit),
            problem=None if outcome == "passed" else f"{name}: {outcome}",
        )


def fidelity_record(loss: float, error: float, limit: float) -> FidelityRecord:
    """Return a second verdict that depends on the error alone."""
    return FidelityRecord(
        loss=loss,
        noise=None,
        error=error,
        limit=limit,
        quietest=0.0,
        quiet_limit=None,
        flipped=0.0,
        far=0.0,
        far_limit=0.01,
    )


def _worst(shape: tuple[int, ...], error: float, limit: float) -> WorstRecord:
    draw, axis, share = random.Random(error), len(shape) - 1, error / limit
    index, heat = draw.randrange(shape[-1]), [draw.choice("789abc") for _ in range(shape[-1])]
    heat[index] = "o" if share > 1 else "d"
    position = tuple(draw.randrange(size) for size in shape[:-1])
    return WorstRecord(
        axis=axis,
        index=index,
        far=False,
        sample=1,
        error=error,
        limit=limit,
        noise=limit / 12,
        share=share,
        position=(*position, index),
        heat_axis=axis,
        heat="".join(heat),
    )
