"""The record of model.toml: what a model is, what it takes and gives, and how it is exported.

A mistake in the file becomes a ConfigurationError that names the file, the key and the remedy.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from deploymatrix.project.dim_specs import Dim, Shape, check_dims
from deploymatrix.project.limit_specs import ModelLimit
from deploymatrix.project.sample_specs import FEWEST, Bound, Layout, Samples, Values, drawing_problem, first_undrawable
from deploymatrix.project.source_specs import ModelSource
from deploymatrix.project.state_specs import STEPS, Feedback, Steps, check_feedback, initial_zeros
from deploymatrix.project.strict import FolderName, Name, Seconds, Strict

DType = Literal["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"]


class Tensor(Strict):
    """A named tensor; the first axis is the batch. A size is a number, or the name of a dim in `[dims]`."""

    name: Name
    dtype: DType
    shape: Shape

    @property
    def type(self) -> str:
        """Dtype and shape, such as "float32[batch, 10]"."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


AnyTensor = TypeVar("AnyTensor", bound=Tensor)


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
        if self.ragged and not isinstance(self.shape[0], int):
            raise ValueError(
                f"ragged = true and the dim {self.shape[0]!r} do not go together in one axis: rows depend on the data, "
                "a dim on the inputs; write the most rows that there can be as a number, or remove ragged"
            )
        return self


class Input(Tensor):
    """An input, how the model takes it, and how its sample values are drawn where they are (see numerics/samples.py).


    `choice`: the values of `values = "choice"`. `pad`: the id that fills up the rows of `padded_ids`. `layout`: where
    an `image` has its channels, if its shape does not tell.
    """

    by: Literal["position", "keyword"] = "position"
    values: Values = "normal"
    low: Bound | None = None
    high: Bound | None = None
    choice: Annotated[tuple[Bound, ...] | None, Field(min_length=1)] = None
    pad: int | None = None
    layout: Layout | None = None

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        problem = drawing_problem(self)
        if problem:
            raise ValueError(problem)
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
    """models/<name>/model.toml.

    `samples`: how many are drawn, at least 4; or where own ones lie, seen from model.toml: a folder or a glob of .npz
    and .safetensors files, or samples.py. `expected`: where the outputs lie that own samples had in training.
    `calibration_samples`: where others lie, that a variant's ranges are taken from and that judge nothing.
    `calibration_seed`: for another draw of those, where they are drawn.
    `steps`: how many each sample has, of a model with [[feedback]].
    """

    framework: FolderName
    source: ModelSource = ModelSource()
    weights: str | None = None
    pythonpath: tuple[str, ...] = ()
    family: str = "other"
    tags: tuple[str, ...] = ()
    seed: int = 0
    samples: Samples = FEWEST
    expected: Annotated[str, Field(min_length=1)] | None = None
    calibration_samples: Samples | None = None
    calibration_seed: int = 0
    calibrate: bool = False
    dims: dict[Name, Dim] = {}
    steps: Steps = STEPS
    feedback: tuple[Feedback, ...] = ()
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
    def _samples_come_from_somewhere(self) -> Self:
        if isinstance(self.samples, str):
            return self
        problem = first_undrawable(self.drawn_inputs)
        if problem:
            raise ValueError(f"inputs.{problem}")
        if self.expected is not None:
            raise ValueError("expected means nothing for drawn samples; write samples = and where your own ones lie")
        return self

    @model_validator(mode="after")
    def _calibration_has_a_split_of_its_own(self) -> Self:
        if isinstance(self.calibration_samples, int):
            raise ValueError("calibration_samples are drawn unless this says where own ones lie; remove it")
        if self.calibration_samples is not None and self.calibration_samples == self.samples:
            raise ValueError("calibration_samples are those that judge; give a split of their own")
        return self

    @property
    def own_samples(self) -> str | None:
        """Where own samples lie; None where they are drawn."""
        return self.samples if isinstance(self.samples, str) else None

    @property
    def drawn_inputs(self) -> tuple[Input, ...]:
        """The inputs of one step of which a sample says what they hold; others are zeros in the first step."""
        return tuple(tensor for tensor in self.inputs if tensor.name not in initial_zeros(self.feedback))

    @property
    def sampled_inputs(self) -> tuple[Input, ...]:
        """The same with the shapes that a sample has: with state, what is not fed back has a leading axis of steps."""
        state = {pair.input for pair in self.feedback}
        if not state:
            return self.inputs
        return tuple(tensor if tensor.name in state else self._of_all_steps(tensor) for tensor in self.drawn_inputs)

    @property
    def judged_outputs(self) -> tuple[Output, ...]:
        """The outputs with the shapes in which they are judged: with state, those of all steps, one below the other."""
        return tuple(self._of_all_steps(tensor) for tensor in self.outputs) if self.feedback else self.outputs

    def _of_all_steps(self, tensor: AnyTensor) -> AnyTensor:
        return tensor.model_copy(update={"shape": (self.steps, *tensor.shape)})

    @model_validator(mode="after")
    def _feedback_fits(self) -> Self:
        check_feedback(self.feedback, self.inputs, self.outputs)
        if "steps" in self.model_fields_set and not self.feedback:
            raise ValueError("steps means nothing for a model without [[feedback]]; remove it, or say what is fed back")
        return self

    @model_validator(mode="after")
    def _dims_are_declared_and_used(self) -> Self:
        check_dims(self.dims, [tensor.shape for tensor in self.inputs], [tensor.shape for tensor in self.outputs])
        return self

    @model_validator(mode="after")
    def _something_varies(self) -> Self:
        if all(output.constant for output in self.outputs):
            raise ValueError("every output is constant: a model that answers the same to everything proves nothing")
        return self

    @model_validator(mode="after")
    def _given_weights_stay(self) -> Self:
        given = "weights" if self.weights is not None else "source.path" if self.source.path is not None else None
        if self.calibrate and given is not None:
            raise ValueError(f"calibrate = true would change the weights that {given} gives; remove it")
        return self

    @model_validator(mode="after")
    def _weights_go_into_a_build(self) -> Self:
        if self.weights is not None and self.source.kind != "python":
            raise ValueError("weights go into what build() of a model.py gives; here source.path gives them: remove it")
        return self
