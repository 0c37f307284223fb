"""How far a cell's answers may be off: what a target says for each variant, and what a model may say instead."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0, lt=1)]


class TargetLimits(BaseModel):
    """How the limit of an output follows from the model: `multiple` times the error of eager float32, within bounds.

    Never below `floor`; where it would be above `ceiling`, the model cannot be judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    multiple: Annotated[float, Field(ge=1, le=1000)]
    floor: Share
    ceiling: Share

    @model_validator(mode="before")
    @classmethod
    def _is_more_than_one_number(cls, value: object) -> object:
        if isinstance(value, int | float):
            raise ValueError(
                "a limit follows from the model now; write a table with multiple, floor and ceiling, such as "
                "{ multiple = 12, floor = 2e-6, ceiling = 5e-4 }"
            )
        return value

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError("floor must not be above ceiling")
        return self


class ModelLimit(BaseModel):
    """A limit for one model, instead of that of the target, of the variant or of [metric].

    error: for a variant that is judged by rounding; every target's bounds hold it. snr_db: for one judged by its noise.
    flipped: for the latter, too, the share of integers that quantising may decide otherwise; beside snr_db, or alone.
    accuracy_drop: the most that the variant may lose of the model's metric; beside one of the others, or alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    error: Share | None = None
    snr_db: Annotated[float, Field(gt=0, le=200)] | None = None
    flipped: Annotated[float, Field(ge=0, lt=1)] | None = None
    accuracy_drop: Annotated[float, Field(ge=0, le=1)] | None = None
    reason: Annotated[str, Field(min_length=10)]

    @model_validator(mode="after")
    def _is_one_limit(self) -> Self:
        if (self.error is not None and self.snr_db is not None) or self.model_fields_set <= {"reason"}:
            raise ValueError("give error, or snr_db for a variant that is judged by its noise; one of them")
        return self
