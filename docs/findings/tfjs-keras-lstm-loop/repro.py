"""Converts Keras LSTMs in both ways that the converter has, and runs them in TensorFlow.js."""

import os
import subprocess
from pathlib import Path

import keras
import tensorflow as tf
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

NETWORKS = {
    "LSTM": [keras.layers.LSTM(4)],
    "LSTM, LSTM": [keras.layers.LSTM(4, return_sequences=True), keras.layers.LSTM(4)],
}


def save(layers: list[keras.Layer]) -> None:
    network = keras.Sequential([keras.Input((3, 2), batch_size=1), *layers])
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    module.serve = tf.function(lambda x: network(x), input_signature=[tf.TensorSpec((1, 3, 2), name="x")])
    tf.saved_model.save(module, "loop", signatures={"serving_default": module.serve})


def problem_of(folder: str) -> str | None:
    """The first line of what TensorFlow.js says against the graph model; None where it runs."""
    node = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node"
    done = subprocess.run([node, Path(__file__).with_name("run.mjs"), folder], capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return next((line for line in done.stderr.splitlines() if "Error: " in line), done.stderr)


def main() -> str:
    failed = []
    for name, layers in NETWORKS.items():
        save(layers)
        converter.convert_tf_saved_model("loop", "default")
        converter.convert_tf_saved_model("loop", "v2", control_flow_v2=True)
        problems = {way: problem_of(way) for way in ("default", "v2")}
        print(f"{name}: {problems}")
        failed += [name] if all(problems.values()) else []
    return f"still there: {'; '.join(failed)} runs in no way" if failed else "gone: each network runs in one way"


print(main())
