"""The task `reference`: freeze a model's weights, then compute its outputs in float64 and in float32."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import spec as specs
from . import tensors, versions
from .loading import load, load_model, model_of
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import FrameworkModule
    from .protocol import Submit
    from .tasks import ReferenceArgs, ReferenceValue


def perform(request: Submit[ReferenceArgs], reporter: Reporter) -> ReferenceValue:
    """Write `out/<i>/<output>.<dtype>.npy` for each sample i; the framework fills the folder `out/weights`."""
    args, out = request["args"], Path(request["out"])
    framework = cast("FrameworkModule", load(Path(request["module"])))
    used = versions.of(framework, load_model(args))

    reporter.stage("reference")
    spec = specs.build(args["spec"], args["samples"])
    weights = out / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    model = model_of(args, spec)
    framework.freeze(model, spec, weights)
    for dtype in ("float64", "float32"):
        start = time.perf_counter()
        outputs = framework.reference(model, spec, weights, dtype)
        seconds = time.perf_counter() - start
        write(outputs, spec, dtype, out)
    return {"versions": used, "eager_s": seconds / len(spec.samples)}


def write(outputs: list[Any], spec: specs.Spec, dtype: str, out: Path) -> None:
    for index, (sample, _) in enumerate(zip(outputs, spec.samples, strict=True)):
        arrays = tensors.checked(sample, "reference()")
        check(arrays, spec, dtype)
        for name, array in arrays.items():
            tensors.write(out / str(index) / f"{name}.{dtype}.npy", array)


def check(arrays: dict[str, tensors.Array], spec: specs.Spec, dtype: str) -> None:
    """Raise ValueError unless the outputs are the declared ones and the floating ones truly of `dtype`."""
    declared = {tensor.name: np.dtype(tensor.dtype) for tensor in spec.outputs}
    if set(arrays) != set(declared):
        raise ValueError(f"reference() gave outputs {sorted(arrays)}, the model declares {sorted(declared)}")
    for name, array in arrays.items():
        expected = np.dtype(dtype) if declared[name].kind == "f" else declared[name]
        if array.dtype != expected:
            raise ValueError(f"reference() gave {name!r} as {array.dtype} where {expected} was asked for")
