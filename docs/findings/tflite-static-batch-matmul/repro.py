"""Multiplies two batches of matrices in static int8: in TensorFlow's interpreter as it is, and without its delegate."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

Resolver = tf.lite.experimental.OpResolverType


def main() -> str:
    random = np.random.default_rng(0)

    def drawn() -> dict[str, np.ndarray]:
        return {name: random.normal(0.7, size=size).astype("float32") for name, size in SHAPES.items()}

    def samples() -> Iterator[dict[str, np.ndarray]]:
        return (drawn() for _ in range(16))

    module = tf.Module()
    specs = [tf.TensorSpec(size, tf.float32, name=name) for name, size in SHAPES.items()]
    module.product = tf.function(tf.matmul, input_signature=specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.product.get_concrete_function()], module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    file, given = converter.convert(), drawn()
    delegated, plain = (off(file, given, kernels) for kernels in (Resolver.AUTO, Resolver.BUILTIN_REF))
    verdict = "still there" if delegated > 10 * plain else "gone"
    return f"{verdict}: off by {delegated:.2f} of the answer with XNNPACK, by {plain:.3f} without"


SHAPES = {"a": (4, 32, 16), "b": (4, 16, 32)}


def off(file: bytes, given: dict[str, np.ndarray], kernels: object) -> float:
    """The root of the mean square of the difference, over that of the product."""
    runner = tf.lite.Interpreter(model_content=file, experimental_op_resolver_type=kernels).get_signature_runner()
    (answer,) = runner(**given).values()
    expected = given["a"].astype("float64") @ given["b"]
    return float(np.sqrt(np.mean((answer - expected) ** 2) / np.mean(expected**2)))


print(main())
