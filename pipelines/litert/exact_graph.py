"""A quantised LiteRT file as a float one that computes the same: the graph in exact arithmetic.

What int8 kernels do is defined by the numbers that they stand for: (q - zero point) · scale. So each operator on int8
tensors becomes DEQUANTIZE, the same operator in float32, QUANTIZE; the tensors between operators keep their int8, and
with it all that quantising loses. Weights beside float activations become what they stand for; where the kernel would
quantise those activations call by call, operators that do so go before it. Nothing of it runs in an int8 kernel, so
that no kernel is a judge in its own cause; what is left is the rounding of float32.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

Op = schema.BuiltinOperator
NUMPY = {
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
}
AS_THEY_ARE = (Op.DEQUANTIZE, Op.WHILE, Op.IF, Op.CALL_ONCE)  # and their subgraphs' ends keep their dtypes, too
# Those whose kernels quantise float activations themselves, and over which axes of them a scale extends: the last ones
# that hold as many values as a row of weights, or all but the batch.
ROWS = (Op.FULLY_CONNECTED, Op.BATCH_MATMUL)
IMAGES = (Op.CONV_2D, Op.DEPTHWISE_CONV_2D, Op.TRANSPOSE_CONV)


class NoSecondReference(Exception):
    """What a float graph cannot say: the cell is judged by its loss alone."""


def exact(file: bytes, aside: float = 0.0) -> bytes:
    """Return the float file. Raises NoSecondReference for operators whose int8 form has no equal in float.

    aside: by how much of a level each int8 result is moved before it is rounded, as a kernel that rounds twice does.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(file))
    for buffer in model.buffers:
        if buffer.offset > 1:  # of a file that keeps what it holds behind its tables
            buffer.data = np.frombuffer(file, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    for subgraph in model.subgraphs:
        Rewriting(model, subgraph, aside).rewrite()
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


class Rewriting:
    """One subgraph, changed in place; `made`: its operators anew, in the order that they run in."""

    def __init__(self, model: Any, subgraph: Any, aside: float) -> None:
        self.model, self.subgraph, self.aside = model, subgraph, aside
        self.made: list[Any] = []
        self.floats: dict[int, int] = {}  # by tensor, the one of its values in float32
        self.names = (f"exact_{number}".encode() for number in itertools.count())

    def rewrite(self) -> None:
        for operator in self.subgraph.operators:
            code = self.code(operator)
            if code in AS_THEY_ARE or not any(self.quantised(t) for t in (*operator.inputs, *operator.outputs)):
                self.made.append(operator)
            elif any(self.quantised(tensor) for tensor in operator.outputs):
                self.static(operator, code)
            else:
                self.dynamic(operator, code)
        self.subgraph.operators = self.made

    def code(self, operator: Any) -> int:
        found = self.model.operatorCodes[operator.opcodeIndex]
        return int(max(found.builtinCode, found.deprecatedBuiltinCode))

    def quantised(self, index: int) -> bool:
        tensor = self.subgraph.tensors[index] if index >= 0 else None
        scale = tensor.quantization.scale if tensor is not None and tensor.quantization is not None else None
        return scale is not None and len(scale) > 0 and tensor.type in NUMPY

    def static(self, operator: Any, code: int) -> None:
        """DEQUANTIZE, the operator in float32, QUANTIZE."""
        if getattr(operator, "intermediates", None) is not None and len(operator.intermediates):
            raise NoSecondReference(f"operator {code} quantises inside of itself")
        operator.inputs = [self.in_float(tensor) for tensor in operator.inputs]
        outputs = list(operator.outputs)
        if code == Op.QUANTIZE:
            self.made.append(operator)
            return
        operator.outputs = [self.like(tensor) if self.quantised(tensor) else tensor for tensor in outputs]
        self.made.append(operator)
        for given, wanted in zip(operator.outputs, outputs, strict=True):
            if given != wanted:
                level = float(self.subgraph.tensors[wanted].quantization.scale[0])
                moved = self.pair(Op.ADD, given, self.aside * level) if self.aside else given
                self.append(Op.QUANTIZE, [moved], wanted)

    def dynamic(self, operator: Any, code: int) -> None:
        """Float activations, int8 weights: as the kernel quantises the former."""
        if code not in (*ROWS, *IMAGES, Op.EMBEDDING_LOOKUP, Op.GATHER):
            raise NoSecondReference(f"operator {code} takes int8 beside float32")
        inputs = list(operator.inputs)
        operator.inputs = [self.in_float(tensor) for tensor in inputs]
        place = 2 if code == Op.TRANSPOSE_CONV else 0  # of the activations
        if code in (*ROWS, *IMAGES) and not self.quantised(inputs[place]):
            weights = self.subgraph.tensors[inputs[1]]
            operator.inputs[place] = self.by_rows(inputs[place], self.axes(code, operator, inputs[place], weights))
        self.made.append(operator)

    def axes(self, code: int, operator: Any, tensor: int, weights: Any) -> list[int]:
        """Those of the activations that share a scale."""
        shape = list(self.subgraph.tensors[tensor].shape)
        if code in IMAGES:
            pixels = code == Op.CONV_2D and by_pixels(operator, shape[3], weights)
            return [3] if pixels else list(range(1, len(shape)))
        if code == Op.BATCH_MATMUL:
            return [len(shape) - 1]
        for first in reversed(range(len(shape))):
            if int(np.prod(shape[first:])) == int(weights.shape[-1]):
                return list(range(first, len(shape)))
        raise NoSecondReference("a fully connected layer whose rows end within an axis")

    def by_rows(self, tensor: int, axes: list[int]) -> int:
        """The tensor as int8 would hold it, asymmetrically, with a range of its own for each row, which includes 0."""
        low = self.reduced(Op.REDUCE_MIN, tensor, axes)
        high = self.reduced(Op.REDUCE_MAX, tensor, axes)
        low, high = self.pair(Op.MINIMUM, low, 0.0), self.pair(Op.MAXIMUM, high, 0.0)
        span = self.pair(Op.MAXIMUM, self.binary(Op.SUB, high, low), 255 * float(np.finfo(np.float32).tiny))
        # Multiplied by levels a unit, as XNNPACK does it: divided by units a level, what is in the middle of two levels
        # (0.5 of a range of 1) would go to the other one.
        levels_a_unit = self.binary(Op.DIV, self.constant(np.float32(255)), span)
        zero = self.rounded(self.binary(Op.SUB, self.constant(np.float32(-128)), self.times(low, levels_a_unit)))
        levels = self.binary(Op.ADD, self.rounded(self.times(tensor, levels_a_unit)), zero)
        levels = self.pair(Op.MINIMUM, self.pair(Op.MAXIMUM, levels, -128.0), 127.0)
        return self.binary(Op.DIV, self.binary(Op.SUB, levels, zero), levels_a_unit)

    def times(self, one: int, other: int) -> int:
        return self.binary(Op.MUL, one, other)

    def in_float(self, index: int) -> int:
        """The tensor of the same values in float32; itself where it is no quantised one."""
        if not self.quantised(index):
            return index
        tensor = self.subgraph.tensors[index]
        if index in self.floats:
            return self.floats[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or not len(data):
            self.floats[index] = self.append(Op.DEQUANTIZE, [index], self.like(index))
        else:
            self.floats[index] = self.constant(numbers(tensor, data))
        return self.floats[index]

    def reduced(self, code: int, tensor: int, axes: list[int]) -> int:
        shape = [1 if axis in axes else int(size) for axis, size in enumerate(self.subgraph.tensors[tensor].shape)]
        options = schema.ReducerOptionsT()
        options.keepDims = True
        inputs = [tensor, self.constant(np.array(axes, np.int32))]
        return self.append(code, inputs, self.tensor(shape), options, schema.BuiltinOptions.ReducerOptions)

    def binary(self, code: int, one: int, other: int) -> int:
        shapes = [tuple(self.subgraph.tensors[tensor].shape) for tensor in (one, other)]
        options = OPTIONS[code]()
        kind = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        return self.append(code, [one, other], self.tensor(np.broadcast_shapes(*shapes)), options, kind)

    def pair(self, code: int, tensor: int, number: float) -> int:
        return self.binary(code, tensor, self.constant(np.float32(number)))

    def rounded(self, tensor: int) -> int:
        return self.append(Op.ROUND, [tensor], self.tensor(self.subgraph.tensors[tensor].shape))

    def append(self, code: int, inputs: list[int], output: int, options: Any = None, kind: int = 0) -> int:
        """Add an operator, and return its output."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self.opcode(code)
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptions, operator.builtinOptionsType = options, kind
        self.made.append(operator)
        return output

    def opcode(self, code: int) -> int:
        """The place of an operator in the model's table, where it is put if it lacks."""
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
        self.model.operatorCodes.append(entry)
        return len(self.model.operatorCodes) - 1

    def like(self, index: int) -> int:
        """A new tensor in float32 of the shape of another."""
        other = self.subgraph.tensors[index]
        made = self.tensor(other.shape)
        self.subgraph.tensors[made].shapeSignature = other.shapeSignature
        return made

    def constant(self, values: Any) -> int:
        array = np.asarray(values)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        kind = schema.TensorType.INT32 if array.dtype == np.int32 else schema.TensorType.FLOAT32
        return self.tensor(array.shape, kind, len(self.model.buffers) - 1)

    def tensor(self, shape: Any, kind: int = schema.TensorType.FLOAT32, buffer: int = 0) -> int:
        made = schema.TensorT()
        made.shape, made.type, made.buffer = [int(size) for size in shape], kind, buffer
        made.name, made.hasRank = next(self.names), True
        self.subgraph.tensors.append(made)
        return len(self.subgraph.tensors) - 1


OPTIONS = {
    Op.SUB: schema.SubOptionsT,
    Op.ADD: schema.AddOptionsT,
    Op.MUL: schema.MulOptionsT,
    Op.DIV: schema.DivOptionsT,
    Op.MINIMUM: schema.MaximumMinimumOptionsT,
    Op.MAXIMUM: schema.MaximumMinimumOptionsT,
}


def by_pixels(operator: Any, channels: int, weights: Any) -> bool:
    """Tell whether XNNPACK runs a convolution as a fully connected layer, whose rows are pixels."""
    strides = operator.builtinOptions.strideH, operator.builtinOptions.strideW
    return tuple(weights.shape[1:]) == (1, 1, channels) and strides == (1, 1)


def numbers(tensor: Any, data: Any) -> np.ndarray:
    """What a held tensor stands for, in float32; a scale for each slice along an axis, or one for all."""
    levels = np.frombuffer(bytes(data), NUMPY[tensor.type]).reshape([int(size) for size in tensor.shape])
    scale, zero = np.asarray(tensor.quantization.scale, "float64"), np.asarray(tensor.quantization.zeroPoint, "int64")
    if len(scale) > 1:
        along = [-1 if axis == tensor.quantization.quantizedDimension else 1 for axis in range(levels.ndim)]
        scale, zero = scale.reshape(along), zero.reshape(along) if len(zero) > 1 else zero
    return ((levels.astype("int64") - zero) * scale).astype("float32").reshape(levels.shape)
