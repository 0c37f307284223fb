"""How model.toml says where samples come from, and how those of an input are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

if TYPE_CHECKING:
    from deploymatrix.project.model_specs import Input

PROGRAM = "samples.py"
SUFFIXES = (".npz", ".safetensors")
FEWEST = 4  # samples: own ones are completed to as many with drawn ones

Values = Literal[
    "normal",
    "log_normal",
    "uniform",
    "sorted",
    "image",
    "integers",
    "one_hot",
    "padded_ids",
    "prefix_mask",
    "choice",
]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Layout = Literal["channels_first", "channels_last"]

CHANNELS = (1, 3, 4)  # of an image whose layout the shape tells
RANGED = {"uniform", "sorted", "integers", "padded_ids"}  # both bounds are needed
MAY_BE_RANGED = {*RANGED, "image"}
WHOLE = {"integers", "padded_ids"}
REAL = {"normal", "log_normal", "uniform"}
FURTHER = {"log_normal", "sorted", "image", "one_hot", "padded_ids", "choice"}  # numerics/distributions.py, images.py
ALONG_THE_LAST_AXIS = {"prefix_mask", "padded_ids", "one_hot", "sorted"}


def _samples(given: Any) -> Any:
    """Take a number, or a place that can hold samples. Raise ValueError for another one."""
    if isinstance(given, str):
        path = PurePath(given)
        if not (given.endswith("/") or "*" in given or path.name == PROGRAM or path.suffix in SUFFIXES):
            raise ValueError(
                'write how many are drawn, "samples/" for a folder, "samples/*.npz" for a glob of .npz or .safetensors '
                f'files, or "{PROGRAM}"'
            )
    elif isinstance(given, int) and given < FEWEST:
        raise ValueError(f"at least {FEWEST} are drawn")
    return given


Samples = Annotated[int | str, BeforeValidator(_samples)]


def drawing_problem(declared: Input) -> str | None:
    """Return why values cannot be drawn as an input declares it; None if they can."""
    return _range_problem(declared) or _dtype_problem(declared) or _key_problem(declared)


def first_undrawable(inputs: Sequence[Input]) -> str | None:
    """Return the name of an input whose samples cannot be drawn, since it says nothing of its values, and why."""
    for declared in inputs:
        problem = default_problem(declared)
        if problem:
            return f"{declared.name}: {problem}"
    return None


def default_problem(declared: Input) -> str | None:
    """Return why an input that says nothing of its values cannot be drawn: the default is for floats."""
    if declared.values == "normal" and not declared.dtype.startswith("float"):
        return f'values = "normal" needs a float dtype; {declared.dtype} needs values = "integers"'
    return None


def channel_axis(shape: tuple[int | str, ...], layout: Layout | None) -> int | None:
    """Return the axis of an image's channels, seen from the end; None where the shape does not tell.

    Images of three or four axes: the first axis of four is the batch. Where both ends could be channels, channels
    first counts only if the last axis could be no channels at all.
    """
    if len(shape) not in (3, 4):
        return None
    if layout is not None:
        return -3 if layout == "channels_first" else -1
    first, last = shape[-3] in CHANNELS, shape[-1] in CHANNELS
    return None if first == last else -3 if first else -1


def layout_of(declared: Input) -> Layout | None:
    """Return where an image has its channels, as the declared shape says: that of a sample may say otherwise."""
    if declared.values != "image":
        return declared.layout
    return "channels_first" if channel_axis(declared.shape, declared.layout) == -3 else "channels_last"


def _range_problem(declared: Input) -> str | None:
    low, high, values = declared.low, declared.high, declared.values
    if values not in MAY_BE_RANGED:
        if low is not None or high is not None:
            return f'low and high mean nothing for values = "{values}"; use "uniform" or "integers"'
        return None
    if (low is None) != (high is None) or (low is None and values in RANGED):
        return f'values = "{values}" needs low and high'
    if low is not None and high is not None and not low < high:
        return "low must be below high"
    return None


def _dtype_problem(declared: Input) -> str | None:
    floating, values = declared.dtype.startswith("float"), declared.values
    if values in WHOLE and floating:
        return f'values = "{values}" needs an integer dtype'
    if values in REAL and not floating and "values" in declared.model_fields_set:
        return f'values = "{values}" needs a float dtype; {declared.dtype} needs values = "integers"'
    if values == "image" and not floating and declared.dtype != "uint8":
        return f'values = "image" needs a float dtype or uint8, not {declared.dtype}'
    if values == "sorted" and declared.dtype == "bool":
        return 'values = "sorted" needs a dtype of numbers'
    if values in ALONG_THE_LAST_AXIS and not declared.shape:
        return f'values = "{values}" needs a shape with an axis'
    return None


def _key_problem(declared: Input) -> str | None:
    """Return what is wrong with a key that belongs to one way of drawing alone."""
    values = declared.values
    for key, owner in (("choice", "choice"), ("pad", "padded_ids"), ("layout", "image")):
        if getattr(declared, key) is not None and values != owner:
            return f'{key} means nothing for values = "{values}"; write values = "{owner}"'
    if values == "choice":
        return _choice_problem(declared)
    if values == "padded_ids" and declared.pad is None:
        return 'values = "padded_ids" needs pad, the id that fills up'
    if values == "image" and channel_axis(declared.shape, declared.layout) is None:
        return (
            f'values = "image" cannot tell the channels of shape {list(declared.shape)}; write layout = '
            '"channels_first" or "channels_last"' + ("" if len(declared.shape) in (3, 4) else ", of 3 or 4 axes")
        )
    return _outside(declared)


def _choice_problem(declared: Input) -> str | None:
    if not declared.choice:
        return 'values = "choice" needs choice = [...], the values themselves'
    if not declared.dtype.startswith("float"):
        odd = [value for value in declared.choice if not float(value).is_integer()]
        if odd:
            return f"choice: {declared.dtype} cannot hold {odd[0]}"
    return _outside(declared)


def _outside(declared: Input) -> str | None:
    """Return which declared number the dtype cannot hold, as far as its name tells."""
    given = [*(declared.choice or ()), *(v for v in (declared.low, declared.pad) if v is not None)]
    given += [] if declared.high is None else [declared.high - 1 if declared.values in WHOLE else declared.high]
    limits = {"bool": (0, 1)}
    for bits in (8, 32, 64):
        limits |= {f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), f"uint{bits}": (0, 2**bits - 1)}
    if declared.dtype not in limits or declared.values in ("uniform",):
        return None
    least, most = limits[declared.dtype]
    wrong = next((value for value in given if not least <= value <= most), None)
    return None if wrong is None else f"{declared.dtype} cannot hold {wrong:g}"
