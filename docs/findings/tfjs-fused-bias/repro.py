"""Converts a convolution to whose output a number is added, and runs it on TensorFlow.js's WebAssembly backend."""

import os
import subprocess
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

KERNEL = np.ones((1, 1, 2, 2), np.float32)


def main() -> str:
    module = tf.Module()
    spec = tf.TensorSpec((1, 3, 3, 2), name="x")
    module.serve = tf.function(lambda x: tf.nn.relu6(tf.nn.conv2d(x, KERNEL, 1, "SAME") + 3.0), input_signature=[spec])
    tf.saved_model.save(module, "saved", signatures={"serving_default": module.serve})
    converter.convert_tf_saved_model("saved", "converted")
    node = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node"
    done = subprocess.run([node, Path(__file__).with_name("run.mjs")], capture_output=True, text=True)
    if done.returncode == 0:
        return "gone: it runs"
    said = next((line for line in done.stderr.splitlines() if "Error: " in line), done.stderr)
    return f"still there: {said}"


print(main())
