"""Converts an LSTM of four steps to static int8, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import keras, numpy as np, tensorflow as tf
series = keras.Input((4, 2), batch_size=1)
network = keras.Model(series, keras.layers.LSTM(3)(series))
module = tf.Module()
module.serve = tf.function(lambda x: network(x, training=False), input_signature=[tf.TensorSpec((1, 4, 2), name="x")])
module.weights = [variable.value for variable in network.variables]
converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ({"x": np.ones((1, 4, 2), np.float32)} for _ in range(4))
converter.convert()
"""


def main() -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    if done.returncode < 0:
        return f"still there: the converter died of signal {-done.returncode}"
    if done.returncode > 0:
        return f"still there: {done.stderr.strip().splitlines()[-1][:100]}"
    return "gone: the converter makes a file"


print(main())
