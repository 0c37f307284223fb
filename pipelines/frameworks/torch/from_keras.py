"""Opens a frozen Keras model as an nn.Module, through Keras's own torch backend: same file, same weights.

The environment sets KERAS_BACKEND=torch before the interpreter starts.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import keras
from torch import Tensor, nn

VERSIONS = ("keras", "torch", "numpy")
FILE = "model.keras"


def open(model: ModuleType, spec: Any, weights: Path) -> nn.Module:
    """The frozen float32 network in evaluation mode. Only the file counts: the model module is not called.

    Raises RuntimeError when Keras runs on another backend, ValueError when the network's inputs or outputs cannot be
    matched with the declared ones.
    """
    if keras.backend.backend() != "torch":
        raise RuntimeError(f"Keras runs on {keras.backend.backend()}: start the interpreter with KERAS_BACKEND=torch")
    network = keras.models.load_model(weights / FILE, compile=False)
    network.trainable = False
    return Positional(network, spec).eval().requires_grad_(False)


class Positional(nn.Module):
    """Takes tensors in the order of spec.inputs and returns a tuple in the order of spec.outputs.

    The file's inputs and outputs lie in these orders: what froze it saw to that (keras/answers.py).
    """

    def __init__(self, network: keras.Model, spec: Any) -> None:
        super().__init__()
        self.network = network
        self.structure = network.input
        for kind, given, declared in (
            ("inputs", network.inputs, spec.inputs),
            ("outputs", network.outputs, spec.outputs),
        ):
            if len(given) != len(declared):
                raise ValueError(f"the {kind} differ in number: {len(given)} against {len(declared)}")

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        packed = keras.tree.pack_sequence_as(self.structure, list(tensors))
        return tuple(keras.tree.flatten(self.network(packed, training=False)))
