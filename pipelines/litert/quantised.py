"""The numbers of a quantised LiteRT file: where its levels and scales are; and whether they are those it was told."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FLOAT32, INT32, INT8 = 0, 2, 9  # of the schema's TensorType
LAYERS = {3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 9: "FULLY_CONNECTED"}  # the weight is their second input
SMALLEST = 1024  # TensorFlow's converter quantises no weight of fewer values where activations stay float32


def beside(name: str) -> Any:
    """The module of a file of another folder, which is no place to import from."""
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


levels = beside("../variants/levels.py")


def refuse(model: Any, given: Any, *, smallest: int = 0) -> None:
    """Raise LeftInFloat32 or WrongLevels where the quantiser did something else than it was told.

    given: the model in float32 that was quantised. smallest: how many values a weight has that it quantises. Layers
    inside of loops and branches are looked at, too.
    """
    left, few = in_float(model), list(weights(model))
    total = sum(int(np.prod(site.tensor.shape)) for site in few) + sum(left.values())
    levels.refuse_left(left, layers=len(few) + len(left), total=total, smallest=smallest)
    held = [levels.Weight(name_of(site.tensor), site.real, site.channels) for site in few]
    held += [levels.Weight(name_of(site.tensor), site.real, None, site.scale) for site in biases(model)]
    levels.refuse(held, [site.values for site in tensors(given, FLOAT32) if site.values is not None])


def in_float(model: Any) -> dict[str, int]:
    """How many weights those layers have that are in float32, by the name of the weight."""
    found = {}
    for graph in model.subgraphs:
        for operator in graph.operators:
            if code(model, operator) in LAYERS:
                site = Site(model, graph, graph.tensors[operator.inputs[1]])
                if site.tensor.type == FLOAT32 and site.values is not None:
                    found[name_of(site.tensor)] = site.values.size
    return found


def code(model: Any, operator: Any) -> int:
    """What an operator is; old files have it in the second place alone."""
    declared = model.operatorCodes[operator.opcodeIndex]
    return int(max(declared.builtinCode, declared.deprecatedBuiltinCode))


def name_of(tensor: Any) -> str:
    return tensor.name.decode() if isinstance(tensor.name, bytes) else str(tensor.name)


class Site(NamedTuple):
    """A tensor in its subgraph."""

    model: Any
    graph: Any
    tensor: Any

    @property
    def values(self) -> np.ndarray | None:
        """Its levels, if the file holds them."""
        data = self.model.buffers[self.tensor.buffer].data
        if data is None or not len(data):
            return None
        dtype = {FLOAT32: np.float32, INT8: np.int8, INT32: np.int32}[self.tensor.type]
        return np.frombuffer(bytes(data), dtype).reshape(self.tensor.shape)

    @property
    def scale(self) -> np.ndarray:
        return np.asarray(self.tensor.quantization.scale, np.float32)

    @property
    def axis(self) -> int:
        """That of its channels."""
        return int(self.tensor.quantization.quantizedDimension)

    @property
    def channels(self) -> int | None:
        """The axis of its channels; None where it has one scale."""
        return self.axis if len(self.scale) > 1 else None

    @property
    def real(self) -> np.ndarray:
        """What its levels stand for, in float64."""
        shape = [-1 if axis == self.channels else 1 for axis in range(len(self.tensor.shape))]
        zero = np.asarray(self.tensor.quantization.zeroPoint).reshape(shape)
        found: np.ndarray = (self.values.astype(float) - zero) * self.scale.reshape(shape)  # type: ignore[union-attr]
        return found

    def put(self, values: np.ndarray) -> None:
        """Give the tensor other levels: in a buffer of its own, since others may share what it was."""
        dtype = self.values.dtype  # type: ignore[union-attr]  # whoever puts has looked
        limits = np.iinfo(dtype)
        self.hold(np.clip(values, limits.min, limits.max).astype(dtype))

    def hold(self, array: np.ndarray) -> None:
        buffer = type(self.model.buffers[self.tensor.buffer])()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.tensor.buffer = len(self.model.buffers)
        self.model.buffers.append(buffer)

    def rescale(self, scale: np.ndarray) -> None:
        self.tensor.quantization.scale = np.asarray(scale, np.float32)

    def biases_of_users(self) -> Iterator[Site]:
        """What is added in the operators that multiply this tensor: its scale must be the product of the others'."""
        for operator in self.graph.operators:
            inputs = [self.graph.tensors[index] if index >= 0 else None for index in operator.inputs]
            if len(inputs) > 2 and inputs[0] is self.tensor and inputs[2] is not None and inputs[2].type == INT32:
                bias = Site(self.model, self.graph, inputs[2])
                if quantised(bias.tensor) and bias.values is not None:
                    yield bias


def quantised(tensor: Any) -> bool:
    return tensor.quantization is not None and tensor.quantization.scale is not None and len(tensor.quantization.scale)


def tensors(model: Any, type_: int) -> Iterator[Site]:
    """Those of a type; of integers, those that have a scale."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.type == type_ and (type_ == FLOAT32 or quantised(tensor)):
                yield Site(model, graph, tensor)


def weights(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT8) if site.values is not None and site.values.ndim > 1)


def of_channels(model: Any) -> Iterator[Site]:
    return (site for site in weights(model) if len(site.scale) > 1)


def of_unlike_channels(model: Any) -> Iterator[Site]:
    return (site for site in of_channels(model) if np.ptp(site.scale) > 0)


def of_float_activations(model: Any) -> Iterator[Site]:
    """Weights of layers whose activations are quantised by the kernel."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            if code(model, operator) in LAYERS and graph.tensors[operator.inputs[0]].type == FLOAT32:
                site = Site(model, graph, graph.tensors[operator.inputs[1]])
                if site.tensor.type == INT8 and site.values is not None:
                    yield site


def activations(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT8) if site.values is None)


def biases(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT32) if site.values is not None and site.values.any())
