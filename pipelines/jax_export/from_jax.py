"""JAX → what jax.export makes of a function: StableHLO, serialised, with the parameters in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.export

VERSIONS = ("jax", "jaxlib", "numpy")
ENTRY = "model.jax_export"


def export(source: Any, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.jax_export` for CPUs, free axes left free; its inputs and outputs go by position."""
    exported = jax.export.export(jax.jit(source), platforms=["cpu"])(*arguments(spec))
    (out / ENTRY).write_bytes(exported.serialize())
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
    }


def arguments(spec: Any) -> list[jax.ShapeDtypeStruct]:
    """What the function is traced with; a free axis bears its dim's name."""
    scope = jax.export.SymbolicScope([bound for name, dim in spec.dims.items() for bound in bounds(name, dim)])
    return [jax.ShapeDtypeStruct(shape(declared, scope), declared.dtype) for declared in spec.inputs]


def bounds(name: str, dim: Any) -> list[str]:
    return [f"{name} >= {dim.min}", f"{name} <= {dim.max}"]


def shape(declared: Any, scope: Any) -> tuple[Any, ...]:
    return jax.export.symbolic_shape(", ".join(map(str, declared.shape)), scope=scope)
