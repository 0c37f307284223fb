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
    """Takes tensors in the order of spec.inputs and returns a tuple in the order of spec.outputs."""

    def __init__(self, network: keras.Model, spec: Any) -> None:
        super().__init__()
        self.network = network
        self.structure = network.input
        taken = [tensor.name for tensor in keras.tree.flatten(network.input)]
        given = network.output if isinstance(network.output, dict) else network.output_names
        self.inputs = order([tensor.name for tensor in spec.inputs], taken, "inputs")
        declared = [tensor.name for tensor in spec.outputs]
        self.outputs = order(list(given), declared, "outputs")

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        packed = keras.tree.pack_sequence_as(self.structure, [tensors[i] for i in self.inputs])
        outputs = self.network(packed, training=False)
        values = list(outputs.values()) if isinstance(outputs, dict) else keras.tree.flatten(outputs)
        return tuple(values[i] for i in self.outputs)


def order(given: list[str], wanted: list[str], kind: str) -> list[int]:
    """For each of `wanted` its position in `given`: by name, or as they stand where the names are quite others.

    An output of a Keras model bears its layer's name, which need not be the declared one; then a list's order decides.
    """
    if len(given) != len(wanted):
        raise ValueError(f"the {kind} differ in number: {given} against {wanted}")
    if set(given) == set(wanted):
        return [given.index(name) for name in wanted]
    return list(range(len(wanted)))
