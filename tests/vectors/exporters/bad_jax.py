"""Bad functions of JAX: control flow and a size by a value that only the run knows, and a call of Python."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.loading import module

STEPS = ("jax_export/from_jax", "onnx/from_jax", "savedmodel/from_jax")
TENSORS: Any = {"inputs": [Tensor("x", "float32", (1, 4))], "outputs": [Tensor("y", "float32", (1, 4))]}


def branches(x: Any) -> Any:
    return x if x.sum() > 0 else -x


def chooses(x: Any) -> Any:
    return x[x > 0]


def calls_back(x: Any) -> Any:
    return jax.pure_callback(np.sort, jax.ShapeDtypeStruct((1, 4), jnp.float32), x)


def convert(step: Any, function: Callable[[Any], Any], folder: Path) -> None:
    sample = {"x": np.ones((1, 4), np.float32)}
    step.export(
        lambda x: (function(x),),
        Spec("bad", "jax", "other", "fp32", 0, False, **TENSORS, samples=[sample]),
        folder / "out",
        {},
    )


CASES = {
    f"{name} {function.__name__}": functools.partial(convert, module(f"pipelines/{name}.py"), function)
    for name in STEPS
    for function in (branches, chooses, calls_back)
}
