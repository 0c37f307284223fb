"""Free axes of a model: the table [dims] of model.toml, and the shapes that name its dims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from deploymatrix.project.strict import Name, Strict

Length = Annotated[int, Field(ge=1)]


def _size(value: object) -> object:
    """Refuse here what is no size: of a choice of two types, each would complain by itself."""
    is_length = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if is_length or (isinstance(value, str) and value.isidentifier() and value.isascii()):
        return value
    raise ValueError("a size is a number, at least 1, or the name of a dim in [dims]")


Size = Annotated[Length | Name, BeforeValidator(_size)]
Shape = Annotated[tuple[Size, ...], Field(max_length=8)]


class Dim(Strict):
    """A free axis: the sizes that it may have, and those that samples have. `[1, 3]` is short for `{ try = [1, 3] }`.

    Samples have the sizes of `try`, and `min` and `max`, which are the smallest and the largest of `try` by default.
    """

    min: Length
    max: Length
    tried: Annotated[tuple[Length, ...], Field(alias="try", min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _a_list_is_what_to_try(cls, value: object) -> object:
        table = {"try": value} if isinstance(value, list | tuple) else value
        if not isinstance(table, dict):
            raise ValueError("write the sizes to try, such as [1, 3], or { min = 1, max = 128, try = [1, 32] }")
        tried = [size for size in table.get("try", ()) if isinstance(size, int)]
        ends = [table[key] for key in ("min", "max") if key in table]
        sizes = tried or ends
        return {"try": sizes, "min": min(sizes), "max": max(sizes), **table} if sizes else table

    @model_validator(mode="after")
    def _sizes_are_within(self) -> Self:
        if not self.min <= min(self.tried) <= max(self.tried) <= self.max:
            raise ValueError(f"try holds a size outside of {self.min} to {self.max}; correct try, min or max")
        if self.min == self.max:
            raise ValueError(f"a dim of one size is none: try a second size, or write {self.min} in the shapes")
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that samples have, in ascending order."""
        return tuple(sorted({self.min, self.max, *self.tried}))


def check_dims(dims: Mapping[str, Dim], inputs: Iterable[Shape], outputs: Iterable[Shape]) -> None:
    """Raise ValueError for a dim that a shape names and nobody declares, and for one that no input has."""
    taken, given = (
        dict.fromkeys(s for shape in shapes for s in shape if isinstance(s, str)) for shapes in (inputs, outputs)
    )
    for name in [*taken, *given]:
        if name not in dims:
            raise ValueError(
                f"dims: a shape names {name!r}, which is not declared; write its sizes: [dims] {name} = [1, 3]"
            )
    for name in dims:
        if name not in taken:
            where = "outputs alone have it, and nothing binds it" if name in given else "no shape has it"
            raise ValueError(f"dims.{name}: {where}; write {name!r} in the shape of an input, or remove it")
