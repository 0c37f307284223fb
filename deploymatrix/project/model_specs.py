"""The record of model.toml: what a model is, what it takes and gives, and how it is exported.

A mistake in the file becomes a ConfigurationError that names the file, the key and the remedy.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from deploymatrix.project.limit_specs import ModelLimit
from deploymatrix.project.source_specs import ModelSource
from deploymatrix.project.strict import FolderName, Name, Seconds, Strict

DType = Literal["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"]
Shape = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=8)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class Tensor(Strict):
    """A named tensor of fixed shape; the first axis is the batch."""

    name: Name
    dtype: DType
    shape: Shape


class Output(Tensor):
    """An output: where in the model's answer it lies, and what of it may be as it is.

    `path`: keys, numbers and attributes with dots between ("past.0.key"); without it, its name in a dict, its place
    among all tensors of a tuple. `ragged`: its rows depend on the data; the first size is the most there can be.
    `constant`: why it need not vary between samples.
    """

    path: Annotated[str | None, Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$")] = None
    ragged: bool = False
    constant: Annotated[str | None, Field(min_length=1)] = None

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if self.ragged and not self.shape:
            raise ValueError("ragged = true needs a shape whose first size is the most rows that there can be")
        return self


class Input(Tensor):
    """An input, how the model takes it, and how its sample values are drawn (see samples.py)."""

    by: Literal["position", "keyword"] = "position"

    values: Literal["normal", "uniform", "integers", "prefix_mask"] = "normal"
    low: Bound | None = None
    high: Bound | None = None

    @model_validator(mode="after")
    def _range_is_given_where_it_is_needed(self) -> Self:
        if self.values not in {"uniform", "integers"}:
            if self.low is not None or self.high is not None:
                raise ValueError(f'low and high mean nothing for values = "{self.values}"; use "uniform" or "integers"')
        elif self.low is None or self.high is None:
            raise ValueError(f'values = "{self.values}" needs low and high')
        elif not self.low < self.high:
            raise ValueError("low must be below high")
        return self

    @model_validator(mode="after")
    def _values_fit_the_dtype(self) -> Self:
        floating = self.dtype.startswith("float")
        if self.values == "integers" and floating:
            raise ValueError('values = "integers" needs an integer dtype')
        if self.values in {"normal", "uniform"} and not floating:
            raise ValueError(f'values = "{self.values}" needs a float dtype; {self.dtype} needs values = "integers"')
        if self.values == "prefix_mask" and not self.shape:
            raise ValueError('values = "prefix_mask" needs a shape with an axis')
        return self


class Timeouts(Strict):
    """Limits in seconds of wall time: one export step; load and run together."""

    export: Seconds = 300.0
    run: Seconds = 120.0


class RouteChoice(Strict):
    """A model's choice for one format: the step, named by what it starts `from`, and options laid over the step's."""

    former_keys = {"source": 'write from = "…"'}

    source: Annotated[FolderName | None, Field(alias="from")] = None
    options: dict[str, Any] = {}


class ModelSpec(Strict):
    """models/<name>/model.toml."""

    framework: FolderName
    source: ModelSource = ModelSource()
    family: str = "other"
    tags: tuple[str, ...] = ()
    seed: int = 0
    samples: Annotated[int, Field(ge=4)] = 4
    calibrate: bool = False
    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)]
    timeouts: Timeouts = Timeouts()
    memory_mb: Annotated[int, Field(ge=64)] = 8192
    limits: dict[FolderName, ModelLimit] = {}
    routes: dict[FolderName, RouteChoice] = {}

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for group in (self.inputs, self.outputs):
            names = [tensor.name for tensor in group]
            if len(set(names)) != len(names):
                raise ValueError(f"names must differ: {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _something_varies(self) -> Self:
        if all(output.constant for output in self.outputs):
            raise ValueError("every output is constant: a model that answers the same to everything proves nothing")
        return self

    @model_validator(mode="after")
    def _given_weights_stay(self) -> Self:
        if self.calibrate and self.source.path is not None:
            raise ValueError("calibrate = true would change the weights that source.path gives; remove it")
        return self
