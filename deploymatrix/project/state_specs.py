"""State of a model: the tables [[feedback]] of model.toml, which name outputs that are inputs of the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from deploymatrix.project.strict import Name, Strict

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import Output, Tensor

STEPS = 32  # of each sample, where model.toml does not say
MOST_AXES = 7  # of a tensor of such a model: the steps are one more, and an array in a file has 8 at most

Steps = Annotated[int, Field(ge=2, le=1024)]


class Feedback(Strict):
    """A piece of state: what `output` gives in one step, `input` takes in the next one.

    `initial`: what the input takes in the first step: zeros, or what its `values` draw, or an own sample holds.
    """

    output: Name
    input: Name
    initial: Literal["zeros", "sampled"] = "zeros"


def check_feedback(pairs: Sequence[Feedback], inputs: Sequence[Tensor], outputs: Sequence[Output]) -> None:
    """Raise ValueError for a pair that names what is not there, or two of one name, or that do not fit each other."""
    taken, given = {tensor.name: tensor for tensor in inputs}, {tensor.name: tensor for tensor in outputs}
    for pair in pairs:
        _check_pair(pair, taken, given)
    for side, names in (("output", [pair.output for pair in pairs]), ("input", [pair.input for pair in pairs])):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise ValueError(f"feedback: {side} {twice[0]!r} is in two of the tables; an {side} has one counterpart")
    if pairs:
        _check_tensors([*inputs, *outputs], outputs)


def initial_zeros(pairs: Iterable[Feedback]) -> frozenset[str]:
    """Return the inputs that are zeros in the first step: no sample says what they hold."""
    return frozenset(pair.input for pair in pairs if pair.initial == "zeros")


def _check_pair(pair: Feedback, inputs: Mapping[str, Tensor], outputs: Mapping[str, Output]) -> None:
    for side, name, known in (("output", pair.output, outputs), ("input", pair.input, inputs)):
        if name not in known:
            raise ValueError(f"feedback: there is no {side} {name!r}; there are {', '.join(known)}")
    output, input_ = outputs[pair.output], inputs[pair.input]
    if output.type != input_.type:
        raise ValueError(
            f"feedback: output {output.name!r} is {output.type} and input {input_.name!r} is {input_.type}; what goes "
            "from one step into the next must have one dtype and one shape (give a cache that grows its full size)"
        )


def _check_tensors(tensors: Iterable[Tensor], outputs: Iterable[Output]) -> None:
    for tensor in tensors:
        if len(tensor.shape) > MOST_AXES:
            raise ValueError(
                f"{tensor.name}: {len(tensor.shape)} axes; with [[feedback]] there are at most {MOST_AXES}"
            )
    for output in outputs:
        if output.ragged:
            raise ValueError(f"{output.name}: ragged = true and [[feedback]] do not go together yet; remove one")
