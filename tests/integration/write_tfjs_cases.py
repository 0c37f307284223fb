"""Writes graphs that TensorFlow.js takes only as the step repairs them. Run where tensorflowjs is.

A case is a folder: tfjs_model as the step made it, inputs.npz, outputs.npz by TensorFlow, repairs.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.loading import module

STEP = module("pipelines/tfjs/from_savedmodel.py")
RANDOM = np.random.default_rng(3)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def loop(x: tf.Tensor) -> tf.Tensor:
    one, two = x * 0.5, x * 0.25

    def body(step: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return step + 1, tf.tanh(y * tf.add_n([one, two]))

    return tf.while_loop(lambda step, y: step < 2, body, (tf.constant(0), x))[1]


def loop_of_products(x: tf.Tensor) -> tf.Tensor:
    def body(step: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return step + 1, tf.tanh(tf.einsum("i,kl->i", y, MATRIX) + tf.nn.gelu(y))

    return tf.while_loop(lambda step, y: step < 2, body, (tf.constant(0), x))[1]


def marked(x: tf.Tensor) -> tf.Tensor:
    table = tf.constant(TABLE)
    return tf.tensor_scatter_nd_update(table, [[1]], x) * 2 + table


TABLE = numbers(3, 4)
DEPTHWISE, GROUPED, PLAIN = numbers(1, 3, 1, 8), numbers(3, 3, 2, 6), numbers(3, 3, 4, 6)
FACTORS, MATRIX = numbers(5), numbers(4, 5)
Act = Callable[[tf.Tensor], tf.Tensor]
CASES: dict[str, tuple[Act, np.ndarray]] = {
    "depthwise": (lambda x: tf.nn.conv2d(x, DEPTHWISE, (1, 1, 2, 1), "SAME"), numbers(1, 1, 9, 4)),
    "grouped": (lambda x: tf.nn.relu(tf.nn.conv2d(x, GROUPED, 2, "VALID")), numbers(1, 7, 7, 4)),
    "plain": (lambda x: tf.nn.conv2d(x, PLAIN, 1, "SAME"), numbers(1, 5, 5, 4)),
    "einsum_late": (lambda x: tf.einsum("byx,x->b", x, FACTORS), numbers(3, 4, 5)),
    "einsum_left_out": (lambda x: tf.einsum("ij,kl->kil", x, MATRIX), numbers(2, 3)),
    "einsum_right": (lambda x: tf.einsum("yx,kx->ky", x, MATRIX), numbers(3, 5)),
    "bicubic": (lambda x: tf.image.resize(x, (9, 7), "bicubic"), numbers(2, 4, 6, 3)),
    "loop": (loop, numbers(4)),
    "loop_of_products": (loop_of_products, numbers(4)),
    "scatter": (marked, numbers(1, 4)),
    "number_as_bias": (lambda x: tf.nn.relu6(tf.nn.conv2d(x, PLAIN, 1, "SAME") + 3.0), numbers(1, 5, 5, 4)),
    "product_as_bias": (lambda x: tf.linalg.matmul(x, MATRIX) + tf.linalg.matmul(x * 2, MATRIX), numbers(3, 4)),
    "bytes": (lambda x: tf.cast(x, tf.float32) / 255, np.array([[0, 1, 128, 255]], np.uint8)),
}


def write(act: Act, x: np.ndarray, folder: Path) -> None:
    holder = tf.Module()
    given = [tf.TensorSpec(x.shape, x.dtype, name="x")]
    holder.serve = tf.function(lambda x: {"y": act(x)}, input_signature=given)
    tf.saved_model.save(holder, str(folder / "saved"), signatures={"serving_default": holder.serve})
    y = holder.serve(x)["y"].numpy()
    np.savez(folder / "inputs.npz", x=x)
    np.savez(folder / "outputs.npz", y=y)
    arrays = {"inputs": ("x", x), "outputs": ("y", y)}
    tensors = {group: [Tensor(name, a.dtype.name, a.shape)] for group, (name, a) in arrays.items()}
    signature = {
        group: {name: {"name": name, "dtype": a.dtype.name, "shape": list(a.shape)}}
        for group, (name, a) in arrays.items()
    }
    spec = Spec("case", "keras", "other", "fp32", 0, False, **tensors, samples=[{"x": x}], source_signature=signature)
    found = STEP.export(folder / "saved", spec, folder, {})
    (folder / "repairs.json").write_text(json.dumps(found["repairs"]))


def main(out: Path) -> None:
    for name, (act, x) in CASES.items():
        (out / name).mkdir()
        write(act, x, out / name)


main(Path(sys.argv[1]))
