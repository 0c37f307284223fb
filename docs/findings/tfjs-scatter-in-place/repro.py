"""Converts an update of a constant, and runs it twice in TensorFlow.js."""

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
    module = tf.Module()
    spec = tf.TensorSpec((1, 1), tf.int32, name="x")
    marked = tf.function(lambda x: tf.tensor_scatter_nd_update(tf.zeros(3), x, [1.0]), input_signature=[spec])
    module.serve = marked
    tf.saved_model.save(module, "marked", signatures={"serving_default": marked})
    converter.convert_tf_saved_model("marked", "marked_tfjs")
    found = answers("marked_tfjs", np.array([[0]], np.int32), np.array([[2]], np.int32))
    return f"still there: {found}" if found != [[1, 0, 0], [0, 0, 1]] else "gone: the second answer is right"


print(main())
