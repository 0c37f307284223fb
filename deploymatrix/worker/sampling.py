"""The task `sample`: the model's samples.py gives its samples, each a dict of arrays by declared input name."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.random  # now: numpy does so at first use, when a neighbour of the file may bear a name that it needs

from . import importing, reading, tensors, versions
from . import spec as specs
from .loading import load
from .reporting import Reporter

if TYPE_CHECKING:
    from .protocol import Submit
    from .tasks import SampleArgs, SampleValue


def perform(request: Submit[SampleArgs], reporter: Reporter) -> SampleValue:
    """Write `out/<i>/<input>.npy` for each sample i that samples() gives, checked against what the model declares."""
    args, out, path = request["args"], Path(request["out"]), Path(request["args"]["sampler"])
    reporter.stage("reference")
    importing.lay(path, args["imports"])
    if str(path.parent) not in sys.path:  # of a model without code
        importing.put_first(path.parent)
    random.seed(args["spec"]["seed"])
    np.random.seed(args["spec"]["seed"] % 2**32)  # so that random samples are the same again
    declared, count = specs.tensors(args["spec"]["inputs"]), 0
    with reading.watched():
        module = load(path)
        for index, sample in enumerate(given(module, path.name)):
            if index == args["most"]:
                raise ValueError(f"{path.name}: more than {args['most']:,} samples; give those that tell most")
            for name, array in checked(sample, declared, f"{path.name}: sample {index}").items():
                tensors.write(out / str(index) / f"{name}.npy", array)
            count = index + 1
    if not count:
        raise ValueError(f"{path.name}: samples() gave none; at least one is needed")
    return {"samples": count, "versions": versions.of(load(Path(request["module"])), module)}


def given(module: Any, name: str) -> Iterator[Any]:
    """Call samples(). Raise TypeError unless the file defines it and it gives something to go through."""
    if not callable(getattr(module, "samples", None)):
        raise TypeError(f"{name} does not define samples()")
    found = module.samples()
    if isinstance(found, dict) or not isinstance(found, Iterable):
        raise TypeError(f"{name}: samples() gave {type(found).__name__}; it must give an iterable of dicts")
    return iter(found)


def checked(sample: Any, declared: list[specs.Tensor], where: str) -> dict[str, tensors.Array]:
    """Return one sample's arrays. Raise TypeError or ValueError, which name the array, unless they are as declared."""
    if not isinstance(sample, dict):
        raise TypeError(f"{where}: {type(sample).__name__}; it must be a dict of name to numpy.ndarray")
    names = [tensor.name for tensor in declared]
    if set(sample) != set(names):
        raise ValueError(f"{where}: inputs {', '.join(map(str, sample))}; model.toml declares {', '.join(names)}")
    arrays = {}
    for tensor in declared:
        array = sample[tensor.name]
        if not isinstance(array, (np.ndarray, np.generic)):
            raise TypeError(f"{where}: {tensor.name}: {type(array).__name__}; it must be a numpy.ndarray")
        if array.dtype != np.dtype(tensor.dtype) or not fits(array.shape, tensor.shape):
            raise ValueError(
                f"{where}: {tensor.name}: {array.dtype}{list(array.shape)}, where model.toml declares "
                f"{tensor.dtype}[{', '.join(map(str, tensor.shape))}]"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{where}: {tensor.name}: holds NaN or an infinity; a sample must be finite")
        arrays[tensor.name] = np.asarray(array)
    return arrays


def fits(sizes: tuple[int, ...], shape: tuple[int | str, ...]) -> bool:
    """Tell whether an array of these sizes may have the shape; the engine looks at what it makes of the dims."""
    pairs = zip(sizes, shape, strict=False)
    return len(sizes) == len(shape) and all(isinstance(said, str) or size == said for size, said in pairs)
