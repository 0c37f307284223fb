"""Converts arithmetic with int64, and runs what is converted in TensorFlow.js."""

import json
import os
import subprocess
from pathlib import Path

import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter


def answer(folder: str, number: int) -> float:
    """What TensorFlow.js answers to a tensor of one integer, of the one dtype that it has for these."""
    node, program = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node", Path(__file__).with_name("run.mjs")
    given = json.dumps({"data": [number], "shape": [1], "dtype": "int32"})
    done = subprocess.run([node, program, folder, given], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])[0][0]


def convert(function: tf.types.experimental.GenericFunction, name: str) -> str | None:
    """What the converter says against it."""
    module = tf.Module()
    module.serve = tf.function(function, input_signature=[tf.TensorSpec((1,), tf.int64, name="x")])
    tf.saved_model.save(module, name, signatures={"serving_default": module.serve})
    try:
        converter.convert_tf_saved_model(name, f"{name}_tfjs")
    except ValueError as error:
        return str(error).split()[-1]
    return None


def main() -> str:
    bitwise = tf.bitwise
    functions = [lambda x: bitwise.bitwise_xor(x, 5), lambda x: bitwise.bitwise_or(x, 5)]
    functions.append(lambda x: bitwise.right_shift(x, 20))
    missing = [kind for i, f in enumerate(functions) if (kind := convert(f, f"bits{i}"))]
    if problem := convert(lambda x: x // 1024, "divided"):
        raise ValueError(problem)
    found = answer("divided_tfjs", 2**40)
    state = "gone" if found == 2**30 and not missing else "still there"
    return f"{state}: no {', '.join(missing)}; 2**40 // 1024 is {found}"


print(main())
