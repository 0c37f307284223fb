"""Converts four graphs that LiteRT runs, and runs them with LiteRT for Microcontrollers."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

RUN = """
import sys
sys.path.append(sys.argv[1])
import numpy as np
from tflite_micro import runtime

interpreter = runtime.Interpreter.from_file(sys.argv[2], arena_size=1 << 24)
interpreter.set_input(np.load(sys.argv[3]), 0)
interpreter.invoke()
np.save(sys.argv[4], interpreter.get_output(0))
"""
LSTM = keras.Sequential([keras.Input((3, 2), batch_size=1), keras.layers.LSTM(4, return_sequences=True)])
PADDINGS = tf.constant([[0, 0], [1, 1], [1, 1], [0, 0]], tf.int64)
IMAGE = np.ones((1, 4, 4, 1), np.float32)
GRAPHS = {
    "LSTM": (lambda x: LSTM(x), np.ones((1, 3, 2), np.float32)),
    "GELU": (tf.nn.gelu, IMAGE),
    "CONCATENATION of 12": (lambda x: tf.concat([x * float(i) for i in range(12)], 1), IMAGE),
    "PADV2 by int64": (lambda x: tf.pad(x, PADDINGS, constant_values=-1.0), IMAGE),
}


def main() -> str:
    found = {name: told(name, *graph) for name, graph in GRAPHS.items()}
    said = ", ".join(f"{name} {word}" for name, word in found.items())
    return f"gone: {said}" if set(found.values()) == {"is right"} else f"still there: {said}"


def told(name, graph, x) -> str:
    holder = tf.Module()
    holder.layers = [variable.value for variable in LSTM.variables]
    holder.serve = tf.function(graph, input_signature=[tf.TensorSpec(x.shape, x.dtype)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([holder.serve.get_concrete_function()], holder)
    Path("graph.tflite").write_bytes(converter.convert())
    np.save("x.npy", x)
    command = [sys.executable, "-c", RUN, os.environ["DEPLOYMATRIX_PACKAGES"], "graph.tflite", "x.npy", "y.npy"]
    if subprocess.run(command, capture_output=True).returncode:
        return "fails"
    y, expected = np.load("y.npy"), holder.serve(x).numpy()
    return "is right" if y.shape == expected.shape and np.allclose(y, expected, atol=1e-5) else "is wrong"


print(main())
