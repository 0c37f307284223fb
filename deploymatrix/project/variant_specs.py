"""The record of pipelines/variants/<name>.toml: what a variant is, and how its answers are judged."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deploymatrix.project.strict import Strict

Number = Literal["float32", "float16", "int16", "uint16", "int8", "uint8"]


class VariantSpec(Strict):
    """What an artifact's numbers are, for people and for steps; and how much of them may be lost.

    `weights`, `activations`: the numbers that are stored, and those that layers compute with. `granularity`: what has a
    scale of its own. `calibration`: whether ranges are taken from samples, which then are others than those that judge.
    `judgement`: "rounding" by the limits of target.toml, which follow from eager float32; "noise" by `snr_db`, the
    least signal-to-noise ratio of an output. `default`: whether its cells are taken where the user selects no variant.
    """

    weights: Number
    activations: Number
    granularity: Literal["tensor", "channel"] | None = None
    calibration: bool = False
    judgement: Literal["rounding", "noise"]
    snr_db: Annotated[float, Field(gt=0, le=200)] | None = None
    default: bool = False

    @model_validator(mode="after")
    def _noise_has_a_bound(self) -> Self:
        if (self.judgement == "noise") != (self.snr_db is not None):
            raise ValueError('judgement = "noise" needs snr_db, the least signal-to-noise ratio; "rounding" has none')
        return self
