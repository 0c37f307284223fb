"""Small ONNX models for the quantiser steps, with what they are tried on. Imported where onnx is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnx.parser
from onnx import numpy_helper

HEAD = '<ir_version: 10, opset_import: ["" : 20]>\n'
# By name: the graph, the shapes of its weights, and of its inputs in samples. An input of whole shape () is ids.
MODELS: Mapping[str, tuple[str, dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]] = {
    "dense": (
        "g (float[1, 64] x) => (float[1, 8] y) { a = Gemm (x, w1, b1) h = Relu (a) y = Gemm (h, w2, b2) }",
        {"w1": (64, 48), "b1": (48,), "w2": (48, 8), "b2": (8,)},
        {"x": (1, 64)},
    ),
    "convolution": (
        """g (float[1, 4, 12, 12] x) => (float[1, 10] y) <int64[2] flat = {1, -1}> {
        a = Conv <auto_pad = "SAME_UPPER", strides = [2, 2]> (x, w1, b1) h = Relu (a)
        d = Conv <group = 8, pads = [1, 1, 1, 1]> (h, w2) e = Relu (d)
        m = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]> (e)
        f = Reshape (m, flat) y = Gemm (f, w3, b3) }""",
        {"w1": (8, 4, 3, 3), "b1": (8,), "w2": (8, 1, 3, 3), "w3": (72, 10), "b3": (10,)},
        {"x": (1, 4, 12, 12)},
    ),
    "masked_attention": (
        """g (float[1, 8, 32] x) => (float[1, 8, 32] y)
        <float low = {-1000000000.0}, float[1, 8] kept = {1, 1, 1, 1, 1, 0, 0, 0}> {
        q = MatMul (x, wq) k = MatMul (x, wk) v = MatMul (x, wv) t = Transpose <perm = [0, 2, 1]> (k)
        s = MatMul (q, t) open = Cast <to = 9> (kept) m = Where (open, s, low) p = Softmax <axis = -1> (m)
        o = MatMul (p, v) y = MatMul (o, wo) }""",
        {"wq": (32, 32), "wk": (32, 32), "wv": (32, 32), "wo": (32, 32)},
        {"x": (1, 8, 32)},
    ),
    "free_ids": (
        """g (int64[batch, time] ids) => (float[batch, time, 16] y)
        { e = Gather (table, ids) h = MatMul (e, w1) r = Relu (h) y = MatMul (r, w2) }""",
        {"table": (50, 32), "w1": (32, 64), "w2": (64, 16)},
        {"ids": (2, 6)},
    ),
    "unrolled": (
        """g (float[1, 32] x) => (float[1, 32] y)
        { a = MatMul (x, w) b = Tanh (a) c = MatMul (b, w) d = Tanh (c) e = MatMul (d, w) y = Tanh (e) }""",
        {"w": (32, 32)},
        {"x": (1, 32)},
    ),
    "lstm": (
        """g (float[9, 2, 16] x) => (float[9, 1, 2, 24] y, float[1, 2, 24] h, float[1, 2, 24] c)
        { y, h, c = LSTM <hidden_size = 24> (x, w, r, b) }""",
        {"w": (1, 96, 16), "r": (1, 96, 24), "b": (1, 192)},
        {"x": (9, 2, 16)},
    ),
    "lstm_reverse": (
        """g (float[9, 1, 16] x) => (float[9, 1, 1, 24] y, float[1, 1, 24] h)
        { y, h = LSTM <hidden_size = 24, direction = "reverse"> (x, w, r) }""",
        {"w": (1, 96, 16), "r": (1, 96, 24)},
        {"x": (9, 1, 16)},
    ),
    "lstm_both_ways": (
        """g (float[7, 3, 16] x) => (float[7, 2, 3, 24] y)
        { y = LSTM <hidden_size = 24, direction = "bidirectional"> (x, w, r, b, , h0, c0, p) }""",
        {"w": (2, 96, 16), "r": (2, 96, 24), "b": (2, 192), "h0": (2, 3, 24), "c0": (2, 3, 24), "p": (2, 72)},
        {"x": (7, 3, 16)},
    ),
}


def model(name: str) -> onnx.ModelProto:
    """The model of a name, with weights that leave activations about as large as they were."""
    text, shapes, _ = MODELS[name]
    made, rng = onnx.parser.parse_model(HEAD + text), np.random.default_rng(len(name))
    for weight, shape in shapes.items():
        taken = np.prod(shape[1:]) if len(shape) == 4 else shape[-2] if len(shape) == 2 else shape[-1]
        values = rng.standard_normal(shape) / np.sqrt(taken)
        made.graph.initializer.append(numpy_helper.from_array(values.astype("float32"), weight))
    return made


def samples(name: str, count: int, seed: int) -> list[dict[str, np.ndarray]]:
    """Inputs of a model: normal numbers, or ids below 50."""
    rng, shapes = np.random.default_rng(seed), MODELS[name][2]
    return [
        {
            key: rng.integers(0, 50, shape) if key == "ids" else rng.standard_normal(shape).astype("float32")
            for key, shape in shapes.items()
        }
        for _ in range(count)
    ]
