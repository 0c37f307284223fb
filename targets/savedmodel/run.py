"""Runs a signature of a SavedModel with TensorFlow; unasked, `serving_default`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

SERVE = "serve"  # the tag of what a server runs
SIGNATURE = "serving_default"
VERSIONS = ("tensorflow", "numpy")  # no SETS_THREADS: TensorFlow keeps the number that a process began with


@dataclass(frozen=True)
class Session:
    """`owner` is kept because the signature's variables die with the object that tf.saved_model.load returned."""

    owner: Any
    signature: Any


class Served:
    """A SavedModel in a session, as a server loads it: the graph and its variables, and none of its Python objects.

    `reason`: why its objects could not be rebuilt.
    """

    def __init__(self, payload: Path, signature: str, threads: int, reason: str) -> None:
        self.reason = reason
        options = {"intra_op_parallelism_threads": threads, "inter_op_parallelism_threads": threads}
        graph = tf.Graph()
        self.session = tf.compat.v1.Session(graph=graph, config=tf.compat.v1.ConfigProto(**options))
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.load(self.session, [SERVE], str(payload))
        self.signature = loaded.signature_def[signature]

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        held = self.signature.inputs
        feeds = {held[name].name: in_dtype(value, tf.as_dtype(held[name].dtype)) for name, value in inputs.items()}
        return self.session.run({name: held.name for name, held in self.signature.outputs.items()}, feeds)


def signatures(payload: Path) -> list[str]:
    """Names of the signatures; TensorFlow keeps its own initialisers among them."""
    saved = saved_model_pb2.SavedModel.FromString((payload / "saved_model.pb").read_bytes())
    served = [graph for graph in saved.meta_graphs if SERVE in graph.meta_info_def.tags]
    return sorted(name for graph in served for name in graph.signature_def if not name.startswith("__saved_model_"))


def load(payload: Path, signature: str | None = None) -> Session | Served:
    """Raises KeyError when the SavedModel has no such signature.

    TensorFlow rebuilds the objects that a SavedModel holds, and cannot where the library is missing that made them. A
    server does not need them, so somebody else's artifact, of which a signature is asked for, may have them. One of our
    own may not: its users load it with tf.saved_model.load.
    """
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    try:
        owner = tf.saved_model.load(str(payload))
    except (ValueError, LookupError, TypeError, AttributeError, NotImplementedError) as error:
        if signature is None:
            raise
        print(f"loaded in a session, as a server does, because its objects cannot be rebuilt: {error}", flush=True)
        return Served(payload, signature, threads, str(error))
    return Session(owner, owner.signatures[signature or SIGNATURE])


def run(session: Session | Served, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature; bfloat16, which numpy lacks, goes in and comes out as float32."""
    if isinstance(session, Served):
        outputs = session(inputs)
    else:
        _, specs = session.signature.structured_input_signature
        given = {name: tf.constant(in_dtype(value, specs[name].dtype)) for name, value in inputs.items()}
        outputs = {name: output.numpy() for name, output in session.signature(**given).items()}
    return {n: a.astype(np.float32) if a.dtype == tf.bfloat16.as_numpy_dtype else a for n, a in outputs.items()}


def in_dtype(value: np.ndarray, dtype: tf.DType) -> np.ndarray:
    return value.astype(dtype.as_numpy_dtype) if dtype == tf.bfloat16 else value


def describe(session: Session | Served) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    if isinstance(session, Served):
        signature = session.signature
        return {"inputs": described_by(signature.inputs), "outputs": described_by(signature.outputs)}
    _, inputs = session.signature.structured_input_signature
    return {"inputs": described(inputs), "outputs": described(session.signature.structured_outputs)}


def described(specs: dict[str, tf.TensorSpec]) -> dict[str, dict[str, Any]]:
    return {
        name: {"dtype": spec.dtype.as_numpy_dtype, "shape": None if spec.shape.rank is None else list(spec.shape)}
        for name, spec in specs.items()
    }


def described_by(tensors: Any) -> dict[str, dict[str, Any]]:
    """The same of a signature in the graph; a size that varies is -1 there."""
    return {
        name: {
            "dtype": tf.as_dtype(tensor.dtype).as_numpy_dtype,
            "shape": None if tensor.tensor_shape.unknown_rank else [dim.size for dim in tensor.tensor_shape.dim],
        }
        for name, tensor in tensors.items()
    }
