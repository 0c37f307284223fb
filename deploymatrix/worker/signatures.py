"""The signature that an exporter returns: it maps each declared tensor to one of the artifact's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .spec import Spec, Tensor

if TYPE_CHECKING:
    from .tasks import ArtifactTensor, Signature


def normalised(raw: Any, spec: Spec, static: dict[str, int] | None = None) -> Signature:
    """Return each declared tensor's name, dtype and shape in the artifact, in declared order.

    static: sizes of dims that the specification no longer has, and the signature may still name.

    Raise ValueError naming what is unknown, missing, named twice, or not well-formed.
    """
    if not isinstance(raw, dict) or set(raw) != {"inputs", "outputs"}:
        found = sorted(map(str, raw)) if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"export() must return a signature with 'inputs' and 'outputs', not {found}")
    return {
        "inputs": side("inputs", raw["inputs"], spec.inputs, static or {}),
        "outputs": side("outputs", raw["outputs"], spec.outputs, static or {}),
    }


def side(which: str, raw: Any, declared: list[Tensor], static: dict[str, int]) -> dict[str, ArtifactTensor]:
    if not isinstance(raw, dict):
        raise ValueError(f"the signature's {which} must map declared names to the artifact's, not be {raw!r}")
    names = [tensor.name for tensor in declared]
    if unknown := sorted(set(map(str, raw)) - set(names)):
        raise ValueError(f"the signature's {which} name {unknown}, but the model declares {names}")
    if missing := [name for name in names if name not in raw]:
        raise ValueError(f"the signature's {which} lack {missing}, which the model declares")
    entries = {tensor.name: entry(which, raw[tensor.name], tensor, static) for tensor in declared}
    counts = Counter(entry["name"] for entry in entries.values())
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"the signature's {which} map several declared names to the artifact's {twice}")
    return entries


def entry(which: str, raw: Any, tensor: Tensor, static: dict[str, int]) -> ArtifactTensor:
    given = {"name": raw} if isinstance(raw, str) else raw
    where = f"the signature's {which}, {tensor.name!r}:"
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise ValueError(f"{where} expected the artifact's name or an object with 'name', not {raw!r}")
    if extra := sorted(set(given) - {"name", "dtype", "shape"}):
        raise ValueError(f"{where} unknown keys {extra}; known are name, dtype, shape")
    try:
        dtype = np.dtype(given.get("dtype", tensor.dtype)).name
        shape = [size_of(size, static) for size in given.get("shape", tensor.shape)]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} {error}") from error
    if problem := free_problem(shape, tensor):
        raise ValueError(f"{where} {problem}")
    return {"name": given["name"], "dtype": dtype, "shape": shape}


def size_of(size: Any, static: dict[str, int]) -> int | str | None:
    if isinstance(size, str):
        return static.get(size, size)
    return None if size is None else int(size)


def free_problem(shape: list[int | str | None], tensor: Tensor) -> str:
    """Say where a shape names a dim that the declaration does not have there, or is fixed where that is free."""
    declared = dict(enumerate(tensor.shape))
    for axis, size in enumerate(shape):
        free = declared.get(axis) if isinstance(declared.get(axis), str) else None
        if isinstance(size, str) and size != free:
            return f"axis {axis} is {size!r}, which is not the dim that the model declares there"
        if size is None and free is None and not (tensor.ragged and axis == 0):
            return f"axis {axis} is None, but the model declares {declared.get(axis)}"
        if free is not None and isinstance(size, int) and len(shape) == len(declared):
            return f"axis {axis} is {size}, where the model has {free!r}: return static = [{free!r}] if it is fixed"
    return ""
