"""Rewrites of ONNX graphs: the same function in words that onnx2tf takes, or takes rightly.

Each changes a graph in place and tells whether it found what it is for; its finding says what happens without it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime import InferenceSession

BROADCASTING = ("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Where", "Equal", "Greater", "Less", "And", "Or")
MOST_ROUNDS = 2**31 - 1


class Tensor(NamedTuple):
    type: int  # an onnx.TensorProto.DataType
    sizes: list[int]


Tensors = dict[str, Tensor]
Write = Callable[..., str]  # write(kind, *inputs, output="", **attributes): writer()
Rewrite = Callable[[Write, onnx.NodeProto, Tensors], bool]


def rewrite(graph: onnx.GraphProto) -> list[str]:
    """Make all rewrites, and return the findings that this repairs."""
    rewrites = {
        "onnx2tf-scatter-add": add_by_product,
        "onnx2tf-stft": convolve_transforms,
        "onnx2tf-dft": multiply_transforms,
        "onnx2tf-resize": multiply_resizes,
        "onnx2tf-square-shapes": mark_squares,
        "onnx2tf-loop": close_loops,
        "onnx2tf-constant-ranks": raise_ranks,
    }
    return [name for name, make in rewrites.items() if make(graph)]


def raise_ranks(graph: onnx.GraphProto) -> bool:
    """Give constants that are broadcast the rank of what they meet; tell whether one had less.

    onnx2tf adds the axes itself, and then transposes the constant although nothing else of the graph is: of
    (1, 24, 32, 1) times (32, 8) it makes (1, 24, 32, 1) times (1, 32, 8, 1)
    (docs/findings/onnx2tf-constant-ranks/finding.md).
    """
    tensors, constants = tensors_of(graph), {tensor.name: tensor for tensor in graph.initializer}
    raised = {}
    for node in graph.node:
        rank = max((len(tensors[name].sizes) for name in node.input if name in tensors), default=0)
        for position, name in enumerate(node.input):
            if node.op_type in BROADCASTING and name in constants and 1 < len(constants[name].dims) < rank:
                values = numpy_helper.to_array(constants[name])
                node.input[position] = f"{name}/rank{rank}"
                raised[node.input[position]] = values.reshape((1,) * (rank - values.ndim) + values.shape)
    graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in raised.items())
    return bool(raised)


def add_by_product(graph: onnx.GraphProto) -> bool:
    """Make products of ScatterElements and ScatterND that add; tell whether there was one.

    onnx2tf exits at the former, and lets updates of the latter overwrite each other
    (docs/findings/onnx2tf-scatter-add/finding.md).
    """
    return replaced(graph, ("ScatterElements", "ScatterND"), product)


def product(write: Write, node: onnx.NodeProto, tensors: Tensors) -> bool:
    """Add a matrix that is 1 where a row of the data is the one that an update is for, times the updates."""
    attributes = attributes_of(node)
    if attributes.get("reduction") != b"add":
        return False
    data, indices, updates = (tensors[name] for name in node.input)
    if node.op_type == "ScatterND":  # an index tells the place of a slice
        sizes, offsets = data.sizes[: indices.sizes[-1]], np.zeros(math.prod(indices.sizes[:-1]), np.int64)
        strides, rows = strides_of(sizes), math.prod(sizes)
    else:  # an index tells the place of a number along one axis; along the others it is the index's own
        axis, rows, every = attributes.get("axis", 0) % len(data.sizes), math.prod(data.sizes), strides_of(data.sizes)
        sizes, strides, places = [data.sizes[axis]], [every[axis]], np.indices(indices.sizes)
        offsets = sum(places[i] * stride for i, stride in enumerate(every) if i != axis) + 0 * places[axis]
    index = write("Mod", write("Reshape", node.input[1], [-1, len(sizes)]), sizes)  # it may count from the end
    index = write("ReduceSum", write("Mul", index, strides), [1], keepdims=0)
    index = write("Reshape", write("Add", index, offsets.ravel()), [1, -1])
    ones = write("Cast", write("Equal", index, np.arange(rows).reshape(-1, 1)), to=updates.type)
    added = write("MatMul", ones, write("Reshape", node.input[2], [offsets.size, -1]))
    write("Add", node.input[0], write("Reshape", added, data.sizes), output=node.output[0])
    return True


def convolve_transforms(graph: onnx.GraphProto) -> bool:
    """Make convolutions of short-time Fourier transforms of real signals; tell whether there was one.

    onnx2tf takes the frames for a batch of images (docs/findings/onnx2tf-stft/finding.md).
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def convolution(write: Write, node: onnx.NodeProto, tensors: Tensors) -> bool:
        (signal, step, window), (batch, samples, parts) = node.input[:3], tensors[node.input[0]].sizes
        if step not in constants or window not in constants or parts != 1:
            return False
        length, stride = len(constants[window]), int(constants[step])
        bins = length // 2 + 1 if attributes_of(node).get("onesided", 1) else length
        angles = 2 * np.pi / length * np.outer(np.arange(bins), np.arange(length))
        kernels = np.stack([np.cos(angles), -np.sin(angles)], axis=1) * constants[window].astype(np.float64)
        kernels = kernels.reshape(2 * bins, 1, length).astype(constants[window].dtype)
        waves = write("Conv", write("Reshape", signal, [batch, 1, samples]), kernels, strides=[stride])
        frames = (samples - length) // stride + 1
        write("Reshape", write("Transpose", waves, perm=[0, 2, 1]), [batch, frames, bins, 2], output=node.output[0])
        return True

    return replaced(graph, ("STFT",), convolution)


def multiply_resizes(graph: onnx.GraphProto) -> bool:
    """Make products with constant matrices of images' cubic and nearest resizes; tell whether there was one.

    onnx2tf takes TensorFlow's own, whose cubic weights and nearest pixels are others
    (docs/findings/onnx2tf-resize/finding.md).
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def products(write: Write, node: onnx.NodeProto, tensors: Tensors) -> bool:
        image, _, scales, *_ = [*node.input, "", "", ""]
        before, after = tensors[image].sizes, tensors[node.output[0]].sizes
        if attributes_of(node)["mode"] == b"linear" or len(before) != 4 or before[:2] != after[:2]:
            return False
        factors = constants[scales] if scales else np.divide(after, before).astype(np.float32)
        rows, columns = (resizing(node, before[axis], factors[axis]) for axis in (2, 3))
        write("MatMul", write("MatMul", rows, image), columns.T, output=node.output[0])
        return True

    return replaced(graph, ("Resize",), products)


def resizing(node: onnx.NodeProto, size: int, factor: float) -> np.ndarray:
    """The matrix of an axis of so many pixels, as ONNX Runtime has it: the axis of each image with one pixel of 1."""
    alone = helper.make_node("Resize", ["x", "", "scales"], ["y"])
    alone.attribute.extend(node.attribute)
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in "xy")
    scales = numpy_helper.from_array(np.array([1, 1, factor, 1], np.float32), "scales")
    graph = helper.make_graph([alone], "resizing", [x], [y], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (columns,) = session.run(None, {"x": np.eye(size, dtype=np.float32).reshape(size, 1, size, 1)})
    return np.ascontiguousarray(columns[:, 0, :, 0].T)


def multiply_transforms(graph: onnx.GraphProto) -> bool:
    """Make products with constant matrices of discrete Fourier transforms; tell whether there was one.

    onnx2tf exits at most of them (docs/findings/onnx2tf-dft/finding.md).
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def products(write: Write, node: onnx.NodeProto, tensors: Tensors) -> bool:
        signal, length, axis, *_ = [*node.input, "", ""]
        if axis not in constants or (length and length not in constants):
            return False
        before, after = tensors[signal].sizes, tensors[node.output[0]].sizes
        place = int(constants[axis]) % len(before)
        matrix = transforming(node, before[place], before[-1], int(constants[length]) if length else None)
        last = [*(i for i in range(len(before)) if i not in (place, len(before) - 1)), place, len(before) - 1]
        signal = write("MatMul", signal, np.eye(before[-1], dtype=np.float32))  # mark_squares() says why
        rows = write("Reshape", write("Transpose", signal, perm=last), [-1, len(matrix)])
        rows = write("MatMul", rows, matrix)
        rows = write("Reshape", rows, [after[i] for i in last])
        write("Transpose", rows, perm=[last.index(i) for i in range(len(last))], output=node.output[0])
        return True

    return replaced(graph, ("DFT",), products)


def transforming(node: onnx.NodeProto, size: int, parts: int, length: int | None) -> np.ndarray:
    """The matrix of a transform from (size, parts) to (frequencies, parts); `parts`: 1, real, or real and imaginary."""
    waves = np.eye(size * parts).reshape(-1, size, parts)
    values = waves[..., 0] + (1j * waves[..., 1] if parts == 2 else 0)
    attributes = attributes_of(node)
    if attributes.get("inverse", 0) and attributes.get("onesided", 0):
        found = np.fft.irfft(values, length)[..., None]
    elif attributes.get("inverse", 0):
        found = np.fft.ifft(values, length)
    else:
        found = np.fft.rfft(values.real, length) if attributes.get("onesided", 0) else np.fft.fft(values, length)
    if np.iscomplexobj(found):
        found = np.stack([found.real, found.imag], axis=-1)
    return np.ascontiguousarray(found.reshape(len(waves), -1), np.float32)


def mark_squares(graph: onnx.GraphProto) -> bool:
    """Multiply by the identity what is as long as it is wide, before a Reshape; tell whether there was such.

    onnx2tf takes such a tensor for a transposed one, as its shape does not tell, unless it comes from a MatMul
    (docs/findings/onnx2tf-square-shapes/finding.md).
    """

    def behind_product(write: Write, node: onnx.NodeProto, tensors: Tensors) -> bool:
        kind, sizes = tensors[node.input[0]]
        if len(sizes) < 3 or len(set(sizes[1:])) > 1 or kind != onnx.TensorProto.FLOAT:
            return False
        square = write("MatMul", node.input[0], np.eye(sizes[-1], dtype=np.float32))
        write("Reshape", square, node.input[1], output=node.output[0], **attributes_of(node))
        return True

    return replaced(graph, ("Reshape",), behind_product)


def close_loops(graph: onnx.GraphProto) -> bool:
    """Give loops a number of rounds, and hand into their bodies what these take from around them.

    onnx2tf takes no loop without the former, and fails at the latter (docs/findings/onnx2tf-loop/finding.md).
    """
    constants = {tensor.name for tensor in graph.initializer}
    types = {value.name: value.type for value in [*graph.input, *graph.value_info]}
    loops = [node for node in graph.node if node.op_type == "Loop"]
    for node in loops:
        if not node.input[0]:
            graph.initializer.append(numpy_helper.from_array(np.array(MOST_ROUNDS), f"{node.output[0]}/rounds"))
            node.input[0] = graph.initializer[-1].name
        body, carried = node.attribute[0].g, len(node.input) - 2
        own = {value.name for value in [*body.input, *body.initializer]}
        own |= {name for inner in body.node for name in inner.output}
        used = {name: None for inner in body.node for name in inner.input if name not in own | constants and name}
        for name in used:
            before, after = f"{name}/in {body.name}", f"{name}/out {body.name}"
            for inner in body.node:
                inner.input[:] = [before if each == name else each for each in inner.input]
            body.node.append(helper.make_node("Identity", [before], [after], after))
            body.input.append(helper.make_value_info(before, types[name]))
            node.input.append(name)
            outputs = [helper.make_value_info(after, types[name])]
            body_outputs, node_outputs = list(body.output), list(node.output)
            del body.output[:], node.output[:]
            body.output.extend([*body_outputs[: 1 + carried], *outputs, *body_outputs[1 + carried :]])
            node.output.extend([*node_outputs[:carried], f"{name}/after {body.name}", *node_outputs[carried:]])
            carried += 1
    return bool(loops)


def replaced(graph: onnx.GraphProto, kinds: tuple[str, ...], rewriting: Rewrite) -> bool:
    """Let `rewriting` write what stands for nodes of these kinds whose inputs have known sizes; tell whether it did."""
    tensors, nodes, changed = tensors_of(graph), list(graph.node), False
    del graph.node[:]
    for node in nodes:
        known = node.op_type in kinds and all(name in tensors for name in [*node.input, *node.output] if name)
        if known and rewriting(writer(graph, node), node, tensors):
            changed = True
        else:
            graph.node.append(node)
    return changed


def writer(graph: onnx.GraphProto, instead: onnx.NodeProto) -> Write:
    """A function that adds a node with inputs by name or, for constants, by value; it returns the output's name."""
    numbers = itertools.count()

    def named(value: Any) -> str:
        if isinstance(value, str):
            return value
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"{instead.output[0]}/{next(numbers)}"))
        return str(graph.initializer[-1].name)

    def write(kind: str, *inputs: Any, output: str = "", **attributes: Any) -> str:
        output = output or f"{instead.output[0]}/{next(numbers)}"
        graph.node.append(helper.make_node(kind, [*map(named, inputs)], [output], output, **attributes))
        return output

    return write


def tensors_of(graph: onnx.GraphProto) -> Tensors:
    """Type and sizes of each tensor whose sizes are all numbers."""
    found = {tensor.name: Tensor(tensor.data_type, list(tensor.dims)) for tensor in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        kind = value.type.tensor_type
        sizes = [dimension.dim_value for dimension in kind.shape.dim]
        if kind.HasField("shape") and all(sizes):
            found[value.name] = Tensor(kind.elem_type, sizes)
    return found


def strides_of(sizes: list[int]) -> list[int]:
    return [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
