"""Bad SavedModels for the TensorFlow.js converter."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.bad_files import cases
from tests.vectors.exporters.loading import module

STEP = module("pipelines/tfjs/from_savedmodel.py")
SMALLER = module("pipelines/tfjs/from_tfjs.py")
ENTRY = {"name": "x", "dtype": "float32", "shape": [1, 4]}
SIGNATURE: Any = {"inputs": {"x": ENTRY}, "outputs": {"y": {**ENTRY, "name": "y"}}}


def eigen(x: Any) -> Any:
    return tf.linalg.eigvalsh(tf.reshape(x, (2, 2)))


def python(x: Any) -> Any:
    return tf.py_function(lambda value: np.sort(value), [x], tf.float32)


def strings(x: Any) -> Any:
    return tf.strings.to_number(tf.strings.as_string(x))


def double(x: Any) -> Any:
    return tf.cast(x, tf.float64) + 1


def other_name(x: Any) -> Any:
    return x + 1


def save(act: Callable[[Any], Any], name: str, folder: Path) -> Path:
    holder = tf.Module()
    given = [tf.TensorSpec((1, 4), tf.float32, name=name)]
    holder.serve = tf.function(lambda x: {"y": act(x)}, input_signature=given)
    tf.saved_model.save(holder, str(folder / "saved"), signatures={"serving_default": holder.serve})
    return folder / "saved"


def spec() -> Spec:
    sample = {"x": np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4)}
    tensors = {"inputs": [Tensor("x", "float32", (1, 4))], "outputs": [Tensor("y", "float32", (1, 4))]}
    return Spec("bad", "keras", "other", "fp32", 0, False, **tensors, samples=[sample], source_signature=SIGNATURE)


def convert(path: Path, folder: Path) -> None:
    STEP.export(path, spec(), folder / "out", {})


def convert_act(act: Callable[[Any], Any], name: str, folder: Path) -> None:
    convert(save(act, name, folder), folder)


def convert_nothing(folder: Path) -> None:
    convert(folder / "nothing", folder)


def convert_without_signature(folder: Path) -> None:
    tf.saved_model.save(tf.Module(), str(folder / "saved"))
    convert(folder / "saved", folder)


def store(source: Path, folder: Path, options: dict[str, Any]) -> None:
    SMALLER.export(source, replace(spec(), variant="int8-weights"), folder / "out", options)


def graph_model(folder: Path, values: np.ndarray) -> Path:
    """A model.json of one weight, whose file holds these values."""
    held = {"name": "w", "shape": [2, 4], "dtype": "float32"}
    manifest = [{"paths": ["group1-shard1of1.bin"], "weights": [held]}]
    source = folder / "source"
    source.mkdir()
    (source / "group1-shard1of1.bin").write_bytes(values.astype(np.float32).tobytes())
    (source / "model.json").write_text(json.dumps({"format": "graph-model", "weightsManifest": manifest}))
    return source


def store_nothing(folder: Path) -> None:
    store(folder / "nothing", folder, {})


def store_rubbish(folder: Path) -> None:
    (graph_model(folder, np.zeros(8)) / "model.json").write_text("this is no model")
    store(folder / "source", folder, {})


def store_without_shard(folder: Path) -> None:
    (graph_model(folder, np.zeros(8)) / "group1-shard1of1.bin").unlink()
    store(folder / "source", folder, {})


def store_short_shard(folder: Path) -> None:
    store(graph_model(folder, np.zeros(5)), folder, {})


def store_infinity(folder: Path) -> None:
    """What the converter's own choice, all weights, makes of a mask."""
    values = np.append(np.zeros(7), -np.inf)
    store(graph_model(folder, values), folder, {"quantization_dtype_map": {"uint8": "*"}})


CASES: dict[str, Callable[[Path], Any]] = {
    f"tfjs/from_savedmodel {act.__name__}": functools.partial(convert_act, act, "x")
    for act in (eigen, python, strings, double)
}
CASES["tfjs/from_savedmodel other_name"] = functools.partial(convert_act, other_name, "z")
CASES["tfjs/from_savedmodel nothing"] = convert_nothing
CASES["tfjs/from_savedmodel without_signature"] = convert_without_signature
for act in (store_nothing, store_rubbish, store_without_shard, store_short_shard, store_infinity):
    CASES[f"tfjs/from_tfjs {act.__name__}"] = act
CASES |= cases("tfjs/from_tensorflow_graph")
