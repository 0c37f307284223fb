"""Converts dense layers of 31 and of 32 rows with int8 weights, and looks what the files hold."""

import keras
import numpy as np
import tensorflow as tf


def main() -> str:
    held = {width: dtypes(width) for width in (31, 32)}
    verdict = "gone" if "int8" in held[31] else "still there"
    return f"{verdict}: weights of 31 x 32 are {held[31]}, of 32 x 32 {held[32]}"


def dtypes(width: int) -> str:
    rows = keras.Input((width,), batch_size=1)
    network = keras.Model(rows, keras.layers.Dense(32)(rows))
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    details = tf.lite.Interpreter(model_content=converter.convert()).get_tensor_details()
    return next(np.dtype(d["dtype"]).name for d in details if sorted(d["shape"]) == sorted([width, 32]))


print(main())
