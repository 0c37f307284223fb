"""Runs a .keras file with Keras on one of its backends: load, run and describe of every such target."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def on(backend: str, *, compiled: bool = True) -> tuple[Callable[..., Any], ...]:
    """Import Keras on a backend, which it chooses once, as it is imported. Return load, run and describe.

    compiled: run networks as a whole (predict), not layer by layer.
    """
    os.environ["KERAS_BACKEND"] = backend
    keras = importlib.import_module("keras")
    assert keras.backend.backend() == backend
    return load, functools.partial(run, compiled=compiled), describe


def load(payload: Path) -> Any:
    """The network. In safe mode, a file that holds Python code (a Lambda) is refused."""
    import keras

    network = keras.models.load_model(payload, compile=False, safe_mode=True)
    network.trainable = False
    return network


def run(session: Any, inputs: dict[str, np.ndarray], *, compiled: bool) -> dict[str, np.ndarray]:
    """Outputs by position: "0", "1", …"""
    import keras

    arrays = [inputs[str(i)] for i in range(len(inputs))]
    outputs = session.predict_on_batch(arrays) if compiled else session(arrays, training=False)
    return {str(i): keras.ops.convert_to_numpy(output) for i, output in enumerate(keras.tree.flatten(outputs))}


def describe(session: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position."""
    return {"inputs": described(session.inputs), "outputs": described(session.outputs)}


def described(tensors: list[Any]) -> dict[str, dict[str, Any]]:
    return {str(i): {"dtype": tensor.dtype, "shape": list(tensor.shape)} for i, tensor in enumerate(tensors)}
