"""Runs a SavedModel's `serving_default` compiled by XLA, once for each size of inputs that comes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

SIGNATURE = "serving_default"
VERSIONS = ("tensorflow", "numpy")  # no SETS_THREADS: TensorFlow keeps the number that a process began with


@dataclass(frozen=True)
class Session:
    """`owner` is kept because the signature's variables die with it."""

    owner: Any
    signature: Any
    compiled: Any


def load(payload: Path) -> Session:
    """The signature, compiled here where its sizes are fixed: else the first run's time would be the compiler's."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    owner = tf.saved_model.load(str(payload))
    signature = owner.signatures[SIGNATURE]
    session = Session(owner, signature, tf.function(lambda given: signature(**given), jit_compile=True))
    _, specs = signature.structured_input_signature
    if all(spec.shape.is_fully_defined() for spec in specs.values()):
        run(session, {name: np.zeros(spec.shape, spec.dtype.as_numpy_dtype) for name, spec in specs.items()})
    return session


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature."""
    answers = session.compiled({name: tf.constant(value) for name, value in inputs.items()})
    return {name: answer.numpy() for name, answer in answers.items()}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    _, inputs = session.signature.structured_input_signature
    return {"inputs": described(inputs), "outputs": described(session.signature.structured_outputs)}


def described(specs: dict[str, tf.TensorSpec]) -> dict[str, dict[str, Any]]:
    return {
        name: {"dtype": spec.dtype.as_numpy_dtype, "shape": None if spec.shape.rank is None else list(spec.shape)}
        for name, spec in specs.items()
    }
