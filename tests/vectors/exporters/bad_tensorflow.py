"""Bad Keras models and SavedModels for TensorFlow's exporters, and bad folders for its runtime."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.bad_files import cases
from tests.vectors.exporters.loading import module

STEPS = {name: module(f"pipelines/{name}.py") for name in ("litert/from_keras", "savedmodel/from_keras")}
TO_ONNX = module("pipelines/onnx/from_savedmodel.py")
TO_KERAS = module("pipelines/keras/from_keras.py")
SMALLER = module("pipelines/savedmodel/from_savedmodel.py")
RUN = module("targets/savedmodel/run.py")


class Layer(keras.layers.Layer):
    """A layer that does what a function does."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        super().__init__()
        self.act = act

    def call(self, x: Any) -> Any:
        return self.act(x)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def fft(x: Any) -> Any:
    return tf.abs(tf.signal.fft(tf.cast(x, tf.complex64)))


def eigen(x: Any) -> Any:
    return tf.linalg.eigvalsh(tf.reshape(x, (2, 2)))


def wrong_shape(x: Any) -> Any:
    return tf.matmul(x, tf.zeros((5, 3)))


def python(x: Any) -> Any:
    return tf.py_function(lambda value: np.sort(value), [x], tf.float32)


def strings(x: Any) -> Any:
    return tf.strings.to_number(tf.strings.as_string(x))


def branch(x: Any) -> Any:
    return x * 2 if float(tf.reduce_sum(x)) > 0 else x


def missing_file(x: Any) -> Any:
    return x + tf.constant(np.load("tables/not-there.npy"))


ACTS = (fft, eigen, wrong_shape, python, strings, branch, missing_file)


def spec(signature: Any = None) -> Spec:
    values = [np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4), -np.ones((1, 4), np.float32)]
    tensors = {"inputs": [Tensor("x", "float32", (1, 4))], "outputs": [Tensor("y", "float32", (1, 4))]}
    samples = [{"x": value} for value in values]
    return Spec("bad", "keras", "other", "fp32", 0, False, **tensors, samples=samples, source_signature=signature)


def export(step: str, act: Callable[[Any], Any], folder: Path) -> None:
    inputs = keras.Input(batch_shape=(1, 4))
    STEPS[step].export(keras.Model(inputs, Layer(act)(inputs)), spec(), folder / "out", {})


def save(act: Callable[[Any], Any], folder: Path) -> Path:
    holder = tf.Module()
    holder.serve = tf.function(lambda x: {"y": act(x)}, input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
    tf.saved_model.save(holder, str(folder / "saved"), signatures={"serving_default": holder.serve})
    return folder / "saved"


def to_onnx(act: Callable[[Any], Any], folder: Path) -> None:
    entry = {"name": "x", "dtype": "float32", "shape": [1, 4]}
    signature = {"inputs": {"x": entry}, "outputs": {"y": {**entry, "name": "y"}}}
    TO_ONNX.export(save(act, folder), spec(signature), folder / "out", {})


def of_a_lambda(folder: Path) -> None:
    """A layer whose settings no file can hold."""
    inputs = keras.Input(batch_shape=(1, 4))
    TO_KERAS.export(keras.Model(inputs, Layer(lambda x: x + 1)(inputs)), spec(), folder / "out", {})


def to_onnx_of_nothing(folder: Path) -> None:
    TO_ONNX.export(folder / "nothing", spec(), folder / "out", {})


def smaller_of_nothing(folder: Path) -> None:
    SMALLER.export(folder / "nothing", replace(spec(), variant="fp16"), folder / "out", {})


def smaller_without_signature(folder: Path) -> None:
    tf.saved_model.save(tf.Module(), str(folder / "saved"))
    SMALLER.export(folder / "saved", replace(spec(), variant="int8-weights"), folder / "out", {})


def smaller_of_rubbish(folder: Path) -> None:
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"this is no model" * 64)
    SMALLER.export(folder / "saved", replace(spec(), variant="fp16"), folder / "out", {})


def smaller_lookup(folder: Path) -> None:
    """A graph with a table, whose resource is no weight."""
    initial = tf.lookup.KeyValueTensorInitializer([0, 1], [2.0, 3.0], tf.int64, tf.float32)
    holder = tf.Module()
    holder.table = tf.lookup.StaticHashTable(initial, 0.0)
    given = [tf.TensorSpec((1, 4), tf.float32, name="x")]
    holder.serve = tf.function(lambda x: {"y": holder.table[tf.cast(x, tf.int64)]}, input_signature=given)
    tf.saved_model.save(holder, str(folder / "saved"), signatures={"serving_default": holder.serve})
    SMALLER.export(folder / "saved", replace(spec(), variant="fp16"), folder / "out", {})


def opened(path: Path) -> Any:
    """What RUN.load() does but for the threads, which TensorFlow fixes once it has saved something."""
    owner = tf.saved_model.load(str(path))
    return RUN.Session(owner, owner.signatures["serving_default"])


def load_nothing(folder: Path) -> None:
    RUN.load(folder / "nothing")


def load_without_signature(folder: Path) -> None:
    tf.saved_model.save(tf.Module(), str(folder / "saved"))
    opened(folder / "saved")


def run_wrong_shape(folder: Path) -> None:
    RUN.run(opened(save(lambda x: x + 1, folder)), {"x": np.zeros((1, 7), np.float32)})


def run_wrong_name(folder: Path) -> None:
    RUN.run(opened(save(lambda x: x + 1, folder)), {"z": np.zeros((1, 4), np.float32)})


CASES: dict[str, Callable[[Path], Any]] = {
    f"{step} {act.__name__}": functools.partial(export, step, act) for step in STEPS for act in ACTS
}
CASES |= {
    f"onnx/from_savedmodel {act.__name__}": functools.partial(to_onnx, act) for act in (fft, eigen, python, strings)
}
CASES["keras/from_keras lambda"] = of_a_lambda
CASES["onnx/from_savedmodel nothing"] = to_onnx_of_nothing
for act in (load_nothing, load_without_signature, run_wrong_shape, run_wrong_name):
    CASES[f"savedmodel {act.__name__}"] = act
for act in (smaller_of_nothing, smaller_without_signature, smaller_of_rubbish, smaller_lookup):
    CASES[f"savedmodel/from_savedmodel {act.__name__}"] = act
CASES |= cases("litert/from_savedmodel")
