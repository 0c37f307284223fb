"""Converts a convolution in two groups, and runs it in TensorFlow.js."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter


def answers(folder: str, *inputs: np.ndarray) -> list[list[float]] | str:
    """What TensorFlow.js answers to each input; its error where it has none."""
    texts = [json.dumps({"data": x.ravel().tolist(), "shape": x.shape, "dtype": x.dtype.name}) for x in inputs]
    node, program = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node", Path(__file__).with_name("run.mjs")
    done = subprocess.run([node, program, folder, *texts], capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return next((line for line in done.stderr.splitlines() if "Error: " in line), done.stderr)


def main() -> str:
    kernel = tf.constant(np.ones((1, 1, 2, 4), np.float32))  # of 4 channels it takes 2 for each group
    spec = tf.TensorSpec((1, 1, 1, 4), name="x")
    module = tf.Module()
    module.serve = tf.function(lambda x: tf.nn.conv2d(x, kernel, 1, "VALID"), input_signature=[spec])
    tf.saved_model.save(module, "grouped", signatures={"serving_default": module.serve})
    converter.convert_tf_saved_model("grouped", "grouped_tfjs")
    found = answers("grouped_tfjs", np.array([[[[1, 2, 30, 40]]]], np.float32))
    return f"still there: {found}" if found != [[3, 3, 70, 70]] else "gone: it answers rightly"


print(main())
