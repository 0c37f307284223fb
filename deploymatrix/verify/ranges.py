"""The ranges of inputs: as the user gives them, or as the artifacts tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.nearest import nearest
from deploymatrix.verify.artifacts import Lookup, Sample, Slot
from deploymatrix.verify.dtypes import CARRIED, carried

Values = Literal["normal", "uniform", "integers", "booleans"]
BYTES = ("uint8", "int8")  # of these, the dtype itself is the range: they are pixels, or quantised


@dataclass(frozen=True)
class Range:
    """From `low` up to, but not including, `high`, as in model.toml."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How an input's values are drawn. `known_by`: who tells the range; None where nobody does, so that it is blind.

    A size may be a dim's name. `rounded_to`: a narrower dtype whose values alone are drawn.
    """

    dtype: str
    shape: tuple[int | str, ...]
    values: Values
    range: Range | None
    known_by: str | None
    rounded_to: str | None = None


def read_ranges(options: Iterable[str]) -> dict[str, Range]:
    """Read `NAME=LOW:HIGH` options. Raise ConfigurationError for another form, an empty range or a repeated name."""
    ranges: dict[str, Range] = {}
    for option in options:
        name, _, bounds = option.rpartition("=")
        low, high = map(_number, bounds.split(":")) if bounds.count(":") == 1 else (math.nan, math.nan)
        if not name or not low < high:
            raise ConfigurationError(f"--range {option}: write NAME=LOW:HIGH with LOW below HIGH, as in ids=0:256")
        if name in ranges:
            raise ConfigurationError(f"--range {option}: an earlier --range is for {name} too")
        ranges[name] = Range(low, high)
    return ranges


def require_inputs(ranges: Mapping[str, Range], names: Iterable[str]) -> None:
    """Raise ConfigurationError for a range of what is no input."""
    known = list(names)
    for name in ranges:
        if name not in known:
            raise ConfigurationError(f"--range {name}=…: there is no such input; {nearest(name, known)}")


def require_within(ranges: Mapping[str, Range], samples: Iterable[Sample]) -> None:
    """Raise ConfigurationError where a value that the user gives is not in the range that the user gives."""
    for sample in samples:
        for name, allowed in ranges.items():
            array = sample[name]
            if array.size and not (allowed.low <= array.min() and array.max() < allowed.high):
                raise ConfigurationError(
                    f"--range {name}={allowed.low:g}:{allowed.high:g}: --inputs holds values from {array.min()} to "
                    f"{array.max()}; HIGH itself is excluded"
                )


def plan_draws(
    slots: Mapping[str, Slot], ranges: Mapping[str, Range], lookups: Iterable[tuple[str, Lookup]]
) -> dict[str, Draw]:
    """Decide for each input how it is drawn: as the user says, else over the rows of what it looks up.

    `lookups`: each with the name of its artifact, and by the names of `slots`; an earlier artifact's count first.
    Raise ConfigurationError where the artifact does not tell a dtype or a shape.
    """
    tables = list(lookups)
    return {name: _plan(name, slot, ranges.get(name), tables) for name, slot in slots.items()}


def _plan(name: str, slot: Slot, given: Range | None, lookups: list[tuple[str, Lookup]]) -> Draw:
    dtype = None if slot.dtype is None else carried(slot.dtype)
    if dtype is None or slot.shape is None or None in slot.shape[1:]:
        unknown = slot.dtype is not None and dtype is None
        why = f"; numpy has no {slot.dtype}, so no value of it can be made" if unknown else "; give --inputs in.npz"
        raise ConfigurationError(f"cannot draw values for input {name}, which the artifact describes as {slot}{why}")
    shape = tuple(1 if size is None else size for size in slot.shape)
    allowed, known_by = (given, f"--range {name}") if given else _told(name, dtype, lookups)
    values = _values(np.dtype(dtype).kind, given, allowed)
    if values == "integers":
        allowed = _whole(name, dtype, allowed or Range(0, 2))
    rounded_to = slot.dtype if slot.dtype in CARRIED else None
    return Draw(dtype=dtype, shape=shape, values=values, range=allowed, known_by=known_by, rounded_to=rounded_to)


def _values(kind: str, given: Range | None, allowed: Range | None) -> Values:
    """Return how a dtype of that kind is drawn: floats that choose rows are whole numbers too."""
    if kind in "iu" or (kind == "b" and given) or (kind == "f" and allowed and not given):
        return "integers"
    return "booleans" if kind == "b" else "uniform" if given else "normal"


def _told(name: str, dtype: str, lookups: list[tuple[str, Lookup]]) -> tuple[Range | None, str | None]:
    """Return the range that artifacts or dtype tell, and who does; floats and booleans need none."""
    first = next((artifact for artifact, lookup in lookups if lookup.input == name), None)
    tables = [lookup for artifact, lookup in lookups if lookup.input == name and artifact == first]
    if tables and np.dtype(dtype).kind != "b":
        smallest = min(tables, key=lambda lookup: lookup.rows)
        return Range(0, smallest.rows), f"the rows of {smallest.table}"
    if dtype in BYTES:
        limits = np.iinfo(dtype)
        return Range(int(limits.min), int(limits.max) + 1), "its dtype"
    return None, None if np.dtype(dtype).kind in "iu" else "its dtype"


def _whole(name: str, dtype: str, allowed: Range) -> Range:
    """Return the range in whole numbers. Raise ConfigurationError where it has none, or the dtype not all of them."""
    low, high, kind = math.ceil(allowed.low), math.ceil(allowed.high), np.dtype(dtype).kind
    exact = {"b": (0, 1), "f": (-(2**53), 2**53)}
    least, most = exact[kind] if kind in exact else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    if not least <= low < high <= most + 1:
        raise ConfigurationError(f"--range {name}={allowed.low:g}:{allowed.high:g}: {dtype} holds no such integers")
    return Range(low, high)


def _number(text: str) -> float:
    """Return a whole number exactly, NaN for what is none at all."""
    try:
        return int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return math.nan
        return number if math.isfinite(number) else math.nan
