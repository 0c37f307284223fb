"""Converts an einsum that sums over an axis of the first operand alone, and runs it in TensorFlow.js."""

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


def save(equation: str) -> None:
    factors = tf.constant([2.0, 3.0])
    module = tf.Module()
    spec = tf.TensorSpec((2, 2), name="x")
    module.serve = tf.function(lambda x: tf.einsum(equation, x, factors), input_signature=[spec])
    tf.saved_model.save(module, "product", signatures={"serving_default": module.serve})


def main() -> str:
    x, wrong = np.array([[1, 10], [100, 1000]], np.float32), []
    for equation in ("ij,i->i", "ij,j->i", "yx,x->"):
        save(equation)
        converter.convert_tf_saved_model("product", "product_tfjs")
        found, expected = answers("product_tfjs", x), np.einsum(equation, x, [2.0, 3.0]).ravel().tolist()
        wrong += [f"{equation} gives {found} instead of {[expected]}"] if found != [expected] else []
    return f"still there: {'; '.join(wrong)}" if wrong else "gone: all are right"


print(main())
