"""Writes small quantised .tflite files into a folder by TensorFlow, and beside each its interpreter's answer.

What was quantised lies in the folder float32/ under the same name.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

RANDOM = np.random.default_rng(0)


def weights(*shape: int) -> tf.Tensor:
    return tf.constant(RANDOM.normal(size=shape).astype("float32"))


def main(folder: Path) -> None:
    dense, kernel, pixels, depth = weights(64, 64), weights(3, 3, 64, 64), weights(1, 1, 64, 64), weights(3, 3, 64, 1)
    write(folder / "dynamic-dense", [(7, 64)], lambda x: x @ dense, static=False)
    write(folder / "dynamic-conv", [(2, 9, 9, 64)], lambda x: tf.nn.conv2d(x, kernel, 1, "SAME"), static=False)
    write(folder / "dynamic-pixels", [(2, 9, 9, 64)], lambda x: tf.nn.conv2d(x, pixels, 1, "SAME"), static=False)
    write(
        folder / "dynamic-depthwise",
        [(2, 9, 9, 64)],
        lambda x: tf.nn.depthwise_conv2d(x, depth, [1, 1, 1, 1], "SAME"),
        static=False,
    )
    write(folder / "static-dense", [(7, 64)], lambda x: tf.nn.relu(x @ dense) @ dense, static=True)
    bias = weights(64)
    write(folder / "static-biased", [(7, 64)], lambda x: tf.nn.relu(x @ dense + bias) @ dense, static=True)
    write(folder / "static-products", [(4, 32, 16), (4, 16, 32)], tf.matmul, static=True)
    write(folder / "static-sums", [(1, 32, 64)], lambda x: tf.reduce_sum(x, 1), static=True)


def write(path: Path, shapes: list[tuple[int, ...]], function: Callable[..., tf.Tensor], static: bool) -> None:
    module = tf.Module()
    specs = [tf.TensorSpec(shape, tf.float32, name="ab"[place]) for place, shape in enumerate(shapes)]
    module.serve = tf.function(lambda *tensors: {"y": function(*tensors)}, input_signature=specs)
    whole = path.parent / "float32" / path.name
    whole.parent.mkdir(exist_ok=True)
    whole.with_suffix(".tflite").write_bytes(converter_of(module).convert())
    converter = converter_of(module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]

    def samples() -> Iterator[dict[str, np.ndarray]]:
        random = np.random.default_rng(1)
        return ({s.name: random.normal(0.7, size=s.shape).astype("float32") for s in specs} for _ in range(16))

    if static:
        converter.representative_dataset = samples
    path.with_suffix(".tflite").write_bytes(converter.convert())
    runner = tf.lite.Interpreter(str(path.with_suffix(".tflite"))).get_signature_runner()
    random = np.random.default_rng(3)  # as run_litert_variants.py draws
    given = {s.name: random.normal(0.7, size=s.shape).astype("float32") for s in specs}
    np.save(path.with_suffix(".npy"), runner(**given)["y"])


def converter_of(module: tf.Module) -> tf.lite.TFLiteConverter:
    return tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)


main(Path(sys.argv[1]))
