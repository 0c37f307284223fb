"""Runs a SavedModel's signature `serving_default` with TensorFlow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

VERSIONS = ("tensorflow", "numpy")  # no SETS_THREADS: TensorFlow keeps the number that a process began with


@dataclass(frozen=True)
class Session:
    """`owner` is kept because the signature's variables die with the object that tf.saved_model.load returned."""

    owner: Any
    signature: Any


def load(payload: Path) -> Session:
    """Raises KeyError when the SavedModel has no signature `serving_default`."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    owner = tf.saved_model.load(str(payload))
    return Session(owner, owner.signatures["serving_default"])


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session.signature(**{name: tf.constant(value) for name, value in inputs.items()})
    return {name: output.numpy() for name, output in outputs.items()}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    _, inputs = session.signature.structured_input_signature
    return {"inputs": described(inputs), "outputs": described(session.signature.structured_outputs)}


def described(specs: dict[str, tf.TensorSpec]) -> dict[str, dict[str, Any]]:
    return {
        name: {"dtype": spec.dtype.as_numpy_dtype, "shape": None if spec.shape.rank is None else list(spec.shape)}
        for name, spec in specs.items()
    }
