"""Converts a function of a Keras model with the model as its owner, and compares with what the model answers."""

import keras
import numpy as np
import tensorflow as tf


def main() -> str:
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="ones")])
    function = tf.function(lambda x: network(x), input_signature=[tf.TensorSpec((1, 4), name="x")])
    ones = np.ones((1, 4), np.float32)
    expected = np.asarray(network(ones))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
    runner = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()
    (answer,) = runner(x=ones).values()
    if not np.allclose(answer, expected):
        return f"still there: expected {expected.tolist()}, the file answers {answer.tolist()}"
    return f"gone: the file answers {answer.tolist()}"


print(main())
