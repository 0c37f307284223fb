"""Converts x + 1 of int64, and loads it with LiteRT.js in a page."""

import os
import subprocess
from pathlib import Path

import tensorflow as tf


def main() -> str:
    spec = tf.TensorSpec((3,), tf.int64, name="x")
    increment = tf.function(lambda x: x + 1, input_signature=[spec]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([increment])
    Path("increment.tflite").write_bytes(converter.convert())
    node = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node"
    command = [node, Path(__file__).with_name("run.mjs"), Path("increment.tflite").absolute()]
    done = subprocess.run(command, capture_output=True, text=True)
    said = next((line for line in (done.stdout + done.stderr).splitlines() if "Error: " in line), done.stderr)
    return f"still there: {said}" if done.returncode else "gone: it loads"


print(main())
