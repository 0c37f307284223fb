"""Converts a function that captures a constant of its module, as a Keras Normalization layer does, to ONNX."""

import tensorflow as tf
import tf2onnx


def main() -> str:
    mean, spec = tf.constant([1.0, 2.0]), [tf.TensorSpec((1, 2), name="x")]
    serve = tf.function(lambda x: x - mean, input_signature=spec)
    model, _ = tf2onnx.convert.from_function(serve, input_signature=spec)
    inputs = [tensor.name for tensor in model.graph.input]
    return f"still there: {len(inputs)} inputs, of a function of one" if len(inputs) > 1 else "gone: it has one input"


print(main())
