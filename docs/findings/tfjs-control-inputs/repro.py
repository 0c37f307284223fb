"""Converts a loop that triples a number twice, by a sum, and runs it in TensorFlow.js."""

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


def looped(x: tf.Tensor) -> tf.Tensor:
    one, two = x * 0 + 1, x * 0 + 2

    def body(step: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return step + 1, y * tf.add_n([one, two])

    return tf.while_loop(lambda step, y: step < 2, body, (tf.constant(0), x))[1]


def main() -> str:
    wrong = []
    for kind in (np.float32, np.int32):
        module = tf.Module()
        module.serve = tf.function(looped, input_signature=[tf.TensorSpec((), kind, name="x")])
        tf.saved_model.save(module, "loop", signatures={"serving_default": module.serve})
        converter.convert_tf_saved_model("loop", "loop_tfjs")
        found = answers("loop_tfjs", np.ones((), kind))
        wrong += [f"{kind.__name__}: {found}"] if found != [[9]] else []
    return f"still there: {'; '.join(wrong)}" if wrong else "gone: 9 for both"


print(main())
