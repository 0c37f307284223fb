"""What an artifact's signature says of the model's outputs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError

from deploymatrix.numerics.shapes import Shape, Size
from deploymatrix.project.dim_specs import Length
from deploymatrix.project.model_specs import DType, Output
from deploymatrix.project.project import Model
from deploymatrix.project.strict import Name, Strict


class Given(Strict):
    """An output as an artifact has it. A size that varies bears a dim's name, or none.

    `steps`: how many the first axis holds, of a model with state.
    """

    name: Name
    dtype: DType
    shape: Annotated[tuple[Length | Name | None, ...], Field(max_length=8)]
    ragged: bool = False
    steps: int | None = None


def declared_outputs(model: Model, signature: dict[str, Any]) -> tuple[Given, ...]:
    """Return the model's outputs with the dtype and shape that the signature says they have in the artifact.

    How many rows a ragged one may have is the model's word: the artifact's is a guess, or none. With state, the outputs
    of all steps are judged: they have a leading axis, of which the artifact knows nothing.
    """
    claimed, steps = signature["outputs"], model.spec.steps if model.spec.feedback else None
    return tuple(
        Given(
            name=output.name,
            dtype=claimed[output.name]["dtype"],
            shape=_shape(output, claimed[output.name]["shape"], steps),
            ragged=output.ragged,
            steps=steps,
        )
        for output in model.spec.outputs
    )


def _shape(output: Output, claimed: list[Size], steps: int | None) -> Shape:
    shape = (*output.shape[:1], *claimed[1:]) if output.ragged else tuple(claimed)
    return shape if steps is None else (steps, *shape)


def signature_problem(model: Model, signature: dict[str, Any]) -> str | None:
    """Say why outputs such as the signature claims cannot be compared: a dtype or a shape that no model can declare."""
    try:
        declared_outputs(model, signature)
    except ValidationError as error:
        first = error.errors()[0]
        return f"the signature's outputs: {first['loc'][0]}: {first['msg']} (it is {first['input']!r})"
    return None
