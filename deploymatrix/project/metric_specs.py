"""How model.toml says what a model is worth: the metric, the labelled data, and how much of it may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from deploymatrix.project.sample_specs import SUFFIXES
from deploymatrix.project.strict import Name, Strict

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import Input, Output

MetricKind = Literal["top1", "top5", "mse", "cosine", "token_match", "agreement", "metric.py"]
Drop = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
DROP = 0.01  # one point: of a rate, of a cosine, of the labels' variance that an mse explains, of a score

PROGRAM = "labelled.py"
SCORER = "metric.py"
DECIDING = ("top1", "top5", "token_match", "agreement")  # these count decisions: the largest value along the last axis
CLASSIFIER = ("logits", "probabilities")  # an output of one of these names decides, where nothing is declared


Shape = Annotated[tuple[Annotated[int, Field(ge=1)] | Name, ...], Field(max_length=8)]


class Label(Strict):
    """A label of one labelled sample, by its name in the data."""

    name: Name
    dtype: Literal["float32", "float64", "int32", "int64", "uint8", "bool"]
    shape: Shape


class Metric(Strict):
    """What the answers are worth, over labelled data: samples of the declared inputs, and `label`.

    `data`: labelled.py, or a folder or glob of .npz and .safetensors files, seen from model.toml. `output`: the one
    that is scored; without it, the only one. `labels`: for metric.py, what else than the one label the data hold.
    `accuracy_drop`: the most that a variant may lose against float64; more than one point needs a `reason`.
    """

    kind: MetricKind
    data: Annotated[str, Field(min_length=1)] | None = None
    output: Name | None = None
    labels: tuple[Label, ...] = ()
    accuracy_drop: Drop = DROP
    reason: Annotated[str, Field(min_length=10)] | None = None

    @field_validator("data")
    @classmethod
    def _is_a_place(cls, data: str | None) -> str | None:
        if data is None:
            return None
        path = PurePath(data)
        if not (data.endswith("/") or "*" in data or path.name == PROGRAM or path.suffix in SUFFIXES):
            raise ValueError(
                f'write "{PROGRAM}", "labelled/" for a folder, or "labelled/*.npz" for a glob of .npz or .safetensors '
                "files"
            )
        return data

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if (self.data is None) != (self.kind == "agreement"):
            needs = "is with the float64 model itself: remove data" if self.data else f'needs data, such as "{PROGRAM}"'
            raise ValueError(f'kind = "{self.kind}" {needs}')
        if bool(self.labels) != (self.kind == SCORER):
            raise ValueError(
                'kind = "metric.py" needs labels, [[metric.labels]] with name, dtype and shape'
                if not self.labels
                else f'labels are what metric.py takes; for kind = "{self.kind}" the label follows from the output'
            )
        if self.kind == SCORER and self.output is not None:
            raise ValueError("metric.py is given every output: remove output")
        if self.accuracy_drop > DROP and self.reason is None:
            raise ValueError(f"accuracy_drop = {self.accuracy_drop:g} is more than one point: give the reason")
        return self


def scored(metric: Metric, outputs: Sequence[Output]) -> Output | None:
    """Return the output that is scored; None for metric.py, which is given all. Raise ValueError for none."""
    if metric.kind == SCORER:
        return None
    if metric.output is None and len(outputs) == 1:
        return outputs[0]
    found = next((output for output in outputs if output.name == metric.output), None)
    if found is None:
        names = ", ".join(output.name for output in outputs)
        raise ValueError(f"metric.output: write which output is scored: {names}")
    return found


def labels_of(metric: Metric, outputs: Sequence[Output]) -> tuple[Label, ...]:
    """Return the labels that each labelled sample has beside its inputs, of the shapes in which outputs are judged."""
    output = scored(metric, outputs)
    if output is None or metric.kind == "agreement":
        return metric.labels
    if metric.kind in DECIDING:
        shape = output.shape[:-1] if output.dtype.startswith("float") else output.shape
        return (Label(name="label", dtype="int64", shape=shape),)
    return (Label(name="label", dtype="float64" if output.dtype == "float64" else "float32", shape=output.shape),)


def check_metric(metric: Metric, inputs: Sequence[Input], outputs: Sequence[Output]) -> None:
    """Raise ValueError for a metric that this model's outputs cannot have. `outputs`: as they are judged."""
    output = scored(metric, outputs)
    for each in outputs if output is None else (output,):
        if each.ragged:
            raise ValueError(f"metric: {each.name} is ragged: how many rows there are depends on the data")
    if output is not None and metric.kind in DECIDING and not decides(output, metric.kind):
        raise ValueError(
            f'metric: kind = "{metric.kind}" needs an output of floats with two classes or more along its last axis'
            f"{', or of integers' if metric.kind == 'token_match' else ''}; {output.name} is {output.type}"
        )
    if output is not None and metric.kind in ("mse", "cosine") and not output.dtype.startswith("float"):
        raise ValueError(f'metric: kind = "{metric.kind}" needs an output of floats; {output.name} is {output.type}')
    names = [label.name for label in labels_of(metric, outputs)]
    twice = sorted({name for name in names if [*names, *(tensor.name for tensor in inputs)].count(name) > 1})
    if twice:
        raise ValueError(f"metric: {twice[0]} is the name of a label and of an input, or of two labels: rename one")


def decides(output: Output, kind: str = "top1") -> bool:
    """Tell whether an output holds decisions: classes along its last axis; tokens may be integers themselves."""
    if not output.dtype.startswith("float"):
        return kind == "token_match" and output.dtype not in ("bool", "uint8")
    return bool(output.shape) and output.shape[-1] != 1 and len(output.shape) > 1 and not output.ragged


def deciding(metric: Metric | None, outputs: Sequence[Output]) -> Output | None:
    """Return the output whose decisions are compared with float64's: the declared one, else one that its name tells.

    None for a model that is no classifier as far as anybody says.
    """
    if metric is not None:
        return scored(metric, outputs) if metric.kind in DECIDING else None
    return next((output for output in outputs if output.name in CLASSIFIER and decides(output)), None)
