"""What the value of each task must hold: a worker's words are checked before anything acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from deploymatrix.host.frames import Long, Message, ProtocolError, Seconds, Short

MOST = 10_000  # of anything that is listed

Sizes = Annotated[list[int | Short | None], Field(max_length=64)]  # of a signature: numbers, dims, what nobody says
Names = Annotated[list[Short], Field(max_length=MOST)]
Versions = Annotated[dict[Short, Short], Field(max_length=MOST)]


class ArtifactTensor(Message):
    """A tensor of a signature, under the artifact's own name."""

    name: Short
    dtype: Short
    shape: Sizes


class Signature(Message):
    """The declared inputs and outputs as the artifact has them."""

    inputs: Annotated[dict[Short, ArtifactTensor], Field(max_length=MOST)]
    outputs: Annotated[dict[Short, ArtifactTensor], Field(max_length=MOST)]


class SampleValue(Message):
    """Of `sample`."""

    samples: Annotated[int, Field(ge=1, le=MOST)]
    versions: Versions


class ReferenceValue(Message):
    """Of `reference`."""

    versions: Versions
    eager_s: Seconds
    orders: Names
    yardstick: Literal["float64", "float32"]


class ExportValue(Message):
    """Of `export`."""

    entry: Short
    signature: Signature
    static: Annotated[dict[Short, int], Field(max_length=64)]
    repairs: Names
    versions: Versions


class RunValue(Message):
    """Of `run`."""

    outputs: Names
    extra: Names
    missing: Names
    checks: Names
    load_s: Seconds
    run_s: Annotated[list[Seconds], Field(max_length=MOST)]
    device: Short = ""  # what computed, if not the processor itself; a worker of another language may not tell
    versions: Versions


class DescribedTensor(Message):
    """A tensor as an artifact describes it; None for what it leaves open, in a shape a name where it has one."""

    dtype: Short | None
    shape: Annotated[list[Annotated[int, Field(ge=0, lt=1 << 48)] | Short | None], Field(max_length=64)] | None


class Lookup(Message):
    """A table whose rows an input chooses."""

    input: Short
    table: Short
    rows: Annotated[int, Field(ge=0)]


class DescribeValue(Message):
    """Of `describe`."""

    inputs: Annotated[dict[Short, DescribedTensor], Field(max_length=MOST)] | None
    outputs: Annotated[dict[Short, DescribedTensor], Field(max_length=MOST)] | None
    lookups: Annotated[list[Lookup], Field(max_length=MOST)] | None
    unread: Long | None
    signatures: Names | None = None  # a worker of another language may know of no choice
    chosen: Short | None = None
    versions: Versions


VALUES: Mapping[str, TypeAdapter[Any]] = {
    "sample": TypeAdapter(SampleValue),
    "reference": TypeAdapter(ReferenceValue),
    "export": TypeAdapter(ExportValue),
    "run": TypeAdapter(RunValue),
    "describe": TypeAdapter(DescribeValue),
}


def check_value(task: str, value: Mapping[str, Any] | None) -> None:
    """Raise ProtocolError unless it is what the task returns."""
    try:
        VALUES[task].validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ProtocolError(f"{'.'.join(map(str, first['loc']))[:200]}: {first['msg'][:500]}") from None
