"""Converts an LSTM that returns its last step, and one that returns all of them, and loads both for WebGPU."""

import os
import subprocess
from pathlib import Path

import keras
import tensorflow as tf


def loads(*, return_sequences: bool) -> bool:
    layer = keras.layers.LSTM(4, return_sequences=return_sequences)
    network = keras.Sequential([keras.Input((3, 2), batch_size=1), layer])
    holder = tf.Module()
    holder.layers = [variable.value for variable in network.variables]
    holder.serve = tf.function(lambda x: network(x), input_signature=[tf.TensorSpec((1, 3, 2), name="x")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([holder.serve.get_concrete_function()], holder)
    path = Path(f"sequences-{return_sequences}.tflite").absolute()
    path.write_bytes(converter.convert())
    node, program = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node", Path(__file__).with_name("run.mjs")
    return subprocess.run([node, program, path], capture_output=True).returncode == 0


def main() -> str:
    last, all_of_them = loads(return_sequences=False), loads(return_sequences=True)
    found = f"the LSTM that returns its last step loads: {last}, all steps: {all_of_them}"
    return f"still there: {found}" if last and not all_of_them else f"gone: {found}"


print(main())
