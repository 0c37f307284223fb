"""JAX → SavedModel by jax2tf: one operation, XlaCallModule, that holds StableHLO with the parameters in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from jax.experimental import jax2tf

ENTRY = "saved_model"
VERSIONS = ("jax", "jaxlib", "tensorflow", "numpy")


def export(source: Any, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` for CPUs, with one signature, `serving_default`, of the declared names.

    A free axis is left free.
    """
    module = tf.Module()
    module.serve = serving_function(source, spec)
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
    }


def serving_function(source: Any, spec: Any) -> Any:
    """A tf.function of one signature: tensors by position in, a dictionary by declared name out."""
    names = [declared.name for declared in spec.outputs]
    converted = jax2tf.convert(
        source,
        polymorphic_shapes=[f"({', '.join(map(str, declared.shape))})" for declared in spec.inputs],
        polymorphic_constraints=[bound for name, dim in spec.dims.items() for bound in bounds(name, dim)],
        native_serialization_platforms=["cpu"],
    )

    @tf.function(input_signature=[tensor_spec(declared) for declared in spec.inputs], autograph=False)
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, converted(*tensors), strict=True))

    return serve


def bounds(name: str, dim: Any) -> list[str]:
    return [f"{name} >= {dim.min}", f"{name} <= {dim.max}"]


def tensor_spec(declared: Any) -> tf.TensorSpec:
    """A free axis is None in it."""
    shape = [None if axis in declared.free else size for axis, size in enumerate(declared.shape)]
    return tf.TensorSpec(shape, declared.dtype, name=declared.name)
