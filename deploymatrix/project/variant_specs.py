"""The record of pipelines/variants/<name>.toml: what a variant is, and how its answers are judged."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deploymatrix.project.strict import Strict

Number = Literal["float32", "float16", "int16", "uint16", "int8", "uint8"]


class FidelityBound(Strict):
    """How far a runtime may be away from the graph that it runs.

    By `share` of the loss, which is what the graph itself is away from float64. Where the evaluator of the format tells
    what rounding does to the graph, by the larger of `flips`, a share of the loss, and `times` that noise, if that is
    less. Always by `least`, relative to the output. `far`: the share of values that may be more than one and a half
    steps off, beside as many as the graph has from float64.
    """

    share: Annotated[float, Field(gt=0, le=10)]
    flips: Annotated[float, Field(gt=0, le=10)]
    times: Annotated[float, Field(ge=1, le=100)]
    least: Annotated[float, Field(gt=0, lt=1)]
    far: Annotated[float, Field(ge=0, lt=1)]


class VariantSpec(Strict):
    """What an artifact's numbers are, for people and for steps; and how much of them may be lost.

    `weights`, `activations`: the numbers that are stored, and those that layers compute with. `granularity`: what has a
    scale of its own. `calibration`: whether ranges are taken from samples, which then are others than those that judge.
    `judgement`: "rounding" by the limits of target.toml, which follow from eager float32; "noise" by `snr_db`, the
    least signal-to-noise ratio of an output, and by `fidelity`, whether a runtime runs the graph that it was given.
    `flipped`: the share of an output's integers that quantising may decide otherwise, where an evaluator answers for
    the graph; none if it is not said.
    `default`: whether its cells are taken where the user selects no variant.
    """

    weights: Number
    activations: Number
    granularity: Literal["tensor", "channel"] | None = None
    calibration: bool = False
    judgement: Literal["rounding", "noise"]
    snr_db: Annotated[float, Field(gt=0, le=200)] | None = None
    fidelity: FidelityBound | None = None
    flipped: Annotated[float, Field(ge=0, lt=1)] = 0.0
    default: bool = False

    @model_validator(mode="after")
    def _noise_has_a_bound(self) -> Self:
        for key in ("snr_db", "fidelity"):
            if (self.judgement == "noise") != (getattr(self, key) is not None):
                raise ValueError(f'judgement = "noise" needs {key}, and "rounding" has none')
        if self.judgement != "noise" and self.flipped:
            raise ValueError('judgement = "rounding" compares integers exactly; it has no flipped')
        return self
