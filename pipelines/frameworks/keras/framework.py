"""How Keras models are built, frozen, opened and answered for: in the `tensorflow` environment."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf

VERSIONS = ("keras", "tensorflow", "numpy")
FILE = "model.keras"
WEIGHTS = ".weights.h5"
LEVEL = 0.5  # of the pre-activations: at 1 and above MobileNetV3 amplifies float32 rounding tenfold
ORDINARY = 2  # the first samples, drawn at amplitude 1; later ones are larger on purpose: numerics/samples.py
ROUNDINGS = 2  # models with weights rounded otherwise, where nothing else tells how accurate float32 is
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the zip format's own beginning of time


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from: a model may have one of that name."""
    path = Path(__file__).parent / f"{name}.py"
    known = f"deploymatrix_keras_{name}"
    if getattr(sys.modules.get(known), "__file__", None) != str(path):
        spec = importlib.util.spec_from_file_location(known, path)
        assert spec is not None and spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


answers, precision = beside("answers"), beside("precision")


def freeze(model: ModuleType, spec: Any, weights: Path) -> None:
    """Build the model from its seed, load the weights that it is given, if any, or calibrate it where it asks for that.

    Saves `weights/model.keras`. The same seed, samples and versions give the same bytes.
    """
    tf.config.experimental.enable_op_determinism()
    keras.utils.clear_session()
    keras.utils.set_random_seed(spec.seed)
    network = functional(model.build())
    if model.given_weights is not None:
        take_weights(network, model.given_weights)
    network = answers.arranged(network, spec)
    if spec.calibrate:
        calibrate(network, batch(spec))
    weights.mkdir(parents=True, exist_ok=True)
    network.save(weights / FILE)
    normalise(weights / FILE)


def take_weights(network: keras.Model, file: Path) -> None:
    """Load a .weights.h5 file into the network. Raises ValueError unless its arrays are exactly the network's.

    An optimizer's state, which training leaves beside them, is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / f"own{WEIGHTS}"
        network.save_weights(own)
        wanted, found = shapes_in(own), shapes_in(file)
    told = {
        "missing in the file": wanted.keys() - found.keys(),
        "unexpected in the file": found.keys() - wanted.keys(),
        "of another shape": {name for name in wanted.keys() & found.keys() if wanted[name] != found[name]},
    }
    if any(told.values()):
        words = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in told.items() if names)
        raise ValueError(f"{file.name} is not of what build() returns; {words}")
    network.load_weights(file)


def shapes_in(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a file's arrays by their paths. Raises ValueError for one whose content lies in another file."""
    shapes = {}
    with h5py.File(file) as opened:
        left = [("", opened)]
        while left:
            path, group = left.pop()
            for name in set(group) - ({"optimizer"} if group == opened else set()):
                inner = f"{path}/{name}".lstrip("/")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f"{file.name} is not opened: {inner} is a link, which may lead to another file")
                item = group[name]
                if isinstance(item, h5py.Group):
                    left.append((inner, item))
                elif item.external or item.is_virtual:
                    raise ValueError(f"{file.name} is not opened: the content of {inner} lies in another file")
                else:
                    shapes[inner] = item.shape
    return shapes


def open(model: ModuleType | None, spec: Any, weights: Path) -> keras.Model:
    """The frozen float32 network. Only the file counts: the model module is not called again."""
    network = keras.models.load_model(weights / FILE, compile=False)
    network.trainable = False
    return network


def reference(model: ModuleType, spec: Any, weights: Path, dtype: str) -> list[dict[str, np.ndarray]]:
    """Eager outputs of each sample by declared name, computed throughout in `dtype`, float64 or float32.

    Where there is no reference in float64, that of float32 stands for it: yardstick().
    """
    if dtype == "float64" and yardstick(model, spec, weights) == "float32":
        return [precision.widened(sample) for sample in reference(model, spec, weights, "float32")]
    with floating(dtype):
        network = in_precision(weights, dtype)
        return [answer(network, spec, sample) for sample in spec.samples]


def yardstick(model: ModuleType, spec: Any, weights: Path) -> str:
    """The dtype that the float64 reference truly has: "float32" where a layer's code, or TensorFlow, rounds to it."""
    with floating("float64"):
        return rounded_or_not(in_precision(weights, "float32"))


@functools.cache
def rounded_or_not(network: keras.Model) -> str:
    try:
        rounding = precision.rounding_operations(recast_once(network, "float64"))
    except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:  # dtypes that do not go together
        print(f"no float64 reference: {type(error).__name__}: {error}")
        return "float32"
    if rounding:
        print(f"no float64 reference: narrower values come from {', '.join(rounding)}")
    return "float32" if rounding else "float64"


def orders(model: ModuleType, spec: Any, weights: Path) -> dict[str, Callable[[], list[dict[str, np.ndarray]]]]:
    """Float32 in other orders of summation: in one batch, where the first axis of all tensors is that of samples."""
    offered: dict[str, Callable[[], list[dict[str, np.ndarray]]]] = {}
    if yardstick(model, spec, weights) == "float32":
        roundings = range(1, ROUNDINGS + 1)
        offered = {f"rounding-{i}": functools.partial(rounded_otherwise, spec, weights, i) for i in roundings}
    if all(tensor.shape[:1] == (1,) for tensor in (*spec.inputs, *spec.outputs)):
        offered["batch"] = functools.partial(in_one_batch, in_precision(weights, "float32"), spec)
    return offered


def rounded_otherwise(spec: Any, weights: Path, seed: int) -> list[dict[str, np.ndarray]]:
    network = open(None, None, weights)
    precision.round_otherwise(network, seed)
    return [answer(network, spec, sample) for sample in spec.samples]


def in_precision(weights: Path, dtype: str) -> keras.Model:
    """The frozen network in `dtype`. It is opened once: reference() meets it again as it was left, with its state."""
    network = opened(weights, (weights / FILE).stat().st_mtime_ns)
    return network if dtype == "float32" else recast_once(network, dtype)


@functools.cache
def opened(weights: Path, _changed_at: int) -> keras.Model:
    return open(None, None, weights)


@contextmanager
def floating(dtype: str) -> Iterator[None]:
    """What Keras takes for the dtype of tensors that name none."""
    floatx = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)


def in_one_batch(network: keras.Model, spec: Any) -> list[dict[str, np.ndarray]]:
    """All samples at once. Raises ValueError where the first axis of an output is not that of the samples."""
    names = [declared.name for declared in spec.inputs]
    together = {name: np.concatenate([sample[name] for sample in spec.samples]) for name in names}
    parts = {name: np.split(array, len(spec.samples)) for name, array in answer(network, spec, together).items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(len(spec.samples))]


def functional(network: keras.Model) -> keras.Model:
    """A Sequential as the functional model that it stands for, with the same layers, whose operations can be seen."""
    if isinstance(network, keras.Sequential):
        return keras.Model(network.inputs, network.outputs, name=network.name)
    return network


def answer(network: keras.Model, spec: Any, sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    inputs = [sample[declared.name] for declared in spec.inputs]
    outputs = keras.tree.flatten(network(inputs, training=False))
    names = [declared.name for declared in spec.outputs]
    return {name: np.asarray(output) for name, output in zip(names, outputs, strict=True)}


@functools.cache
def recast_once(network: keras.Model, dtype: str) -> keras.Model:
    return recast(network, dtype)


def recast(network: keras.Model, dtype: str) -> keras.Model:
    """The same network and weights with every float32 of its configuration replaced by `dtype`.

    Casts that a layer's code makes stay. Raises Narrow where the network computes in a precision below float32.
    """
    require_float32(network)
    twin = keras.models.model_from_json(network.to_json().replace('"float32"', f'"{dtype}"'))
    twin.set_weights(network.get_weights())
    return twin


class Narrow(Exception):
    """A network that is not float32 to begin with."""


def require_float32(network: keras.Model) -> None:
    for operation in network.operations:
        for tensor in keras.tree.flatten(operation.output):
            if tensor.dtype in ("float16", "bfloat16"):
                raise Narrow(
                    f"{operation.name} of {network.name} computes in {tensor.dtype}: leave the precision to Keras's "
                    "policy float32; narrower precisions are variants, which the exporters make"
                )


def batch(spec: Any) -> list[np.ndarray]:
    """The ordinary samples as one batch, an array for each declared input: ORDINARY times the first dimension, …."""
    samples = spec.samples[:ORDINARY]
    return [np.concatenate([sample[declared.name] for sample in samples]) for declared in spec.inputs]


def calibrate(network: keras.Model, inputs: list[np.ndarray]) -> None:
    """Scale the initial weights, first layer to last, so that signal survives the whole depth of the network.

    A layer with a kernel is scaled until its pre-activations over the samples have a root mean square of LEVEL (after
    LSUV, Mishkin and Matas 2016, https://arxiv.org/abs/1511.06422); a BatchNormalization gets the moving variance that
    does the same for each channel. Its moving mean stays 0: centring would amplify rounding layer by layer.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            square = squared(layer, evaluate(network, layer.input, inputs))
            axes = tuple(axis for axis in range(square.ndim) if axis != layer.axis % square.ndim)
            layer.moving_variance.assign(square.mean(axis=axes) / LEVEL**2)
        elif getattr(layer, "kernel", None) is not None and hasattr(layer, "activation"):
            activation, layer.activation = layer.activation, keras.activations.linear
            square = squared(layer, evaluate(network, layer.output, inputs))
            layer.activation = activation
            layer.kernel.assign(layer.kernel * (LEVEL / np.sqrt(square.mean())))


def squared(layer: Any, values: np.ndarray) -> np.ndarray:
    """Raises ValueError where all values are 0 or some are not finite: there is nothing to scale by."""
    square = values**2
    if not (np.isfinite(square).all() and square.any()):
        raise ValueError(
            f"calibrate = true: layer {layer.name} ({type(layer).__name__}) gives values of no variance over the "
            "ordinary samples, so it cannot be scaled: initialise its weights otherwise, give it other samples, or "
            "remove calibrate"
        )
    return square


def evaluate(network: keras.Model, tensor: Any, inputs: list[np.ndarray]) -> np.ndarray:
    return np.asarray(keras.Model(network.inputs, tensor)(inputs, training=False), dtype=np.float64)


def normalise(path: Path) -> None:
    """Rewrite a .keras archive without the time and memory addresses of its making: equal models are equal bytes."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(files["metadata.json"])
    metadata.pop("date_saved", None)
    files["metadata.json"] = json.dumps(metadata, sort_keys=True).encode()
    files["config.json"] = number_shared_objects(files["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), content)


def number_shared_objects(config: str) -> str:
    """Objects that Keras saves as shared are known by their addresses: number them in order of appearance instead."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'(?<="shared_object_id": )\d+', lambda found: str(numbers.setdefault(found[0], len(numbers))), config
    )
