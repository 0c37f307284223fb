"""Outputs whose number of rows depends on the data: rows counted."""

from __future__ import annotations

from collections.abc import Iterable

from .shapes import Shape
from .shapes import fits as has_sizes
from .tensors import Array, Declared

Rows = tuple[tuple[int, int], ...]  # of each sample: how many were answered, how many expected


def is_ragged(output: Declared) -> bool:
    """Return whether the first axis of an output varies with the data, up to the size in its shape."""
    return bool(getattr(output, "ragged", False))


def fits(shape: tuple[int, ...], output: Declared) -> bool:
    """Return whether an array's shape is the declared one; of a ragged output any number of rows will do."""
    return has_sizes(with_any_rows(output), shape)


def with_any_rows(output: Declared) -> Shape:
    """Return the declared shape; of a ragged output with a number of rows that nobody says."""
    return (None, *output.shape[1:]) if is_ragged(output) else output.shape


def rows_of(actual: Iterable[Array], reference: Iterable[Array]) -> Rows:
    """Return the number of rows of each answer, and of its reference."""
    return tuple((len(answer), len(expected)) for answer, expected in zip(actual, reference, strict=True))


def rows_problem(rows: Rows) -> str | None:
    """Return where an answer has not as many rows as the reference; None where all have."""
    for sample, (answered, expected) in enumerate(rows):
        if answered != expected:
            return f"sample {sample}: {counted(answered)}, the reference has {expected}"
    return None


def counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
