"""A model made wrong on purpose, for `deploymatrix selftest`: another model, with one change to its computation.

The change is made to the configuration that Keras saves of the model; weights stay as they are.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

VERSIONS = ("keras", "numpy")
Layer = dict[str, Any]  # of the configuration: class_name, config, …
Edit = Callable[[Layer], None]


def build(given: dict[str, Any], spec: Any) -> keras.Model:
    """given: as for weight_mutant.py, whose NoSite is raised where there is no site for the kind."""
    mutants = beside("weight_mutant.py")
    kind, pick = given["options"]["kind"], given["options"]["pick"]
    if kind not in GRAPHS:
        raise mutants.NoSite("Keras has no such kind")
    network = mutants.original(spec, Path(given["path"]))
    configuration = json.loads(network.to_json())
    sites = [layer for layer in layers_of(configuration) if GRAPHS[kind][0](layer)]
    if kind != "exported":
        layer = mutants.chosen(sites, pick)
        GRAPHS[kind][1](layer)
        print(f"mutant: {layer['config']['name']} ({layer['class_name']})")
    elif pick:
        raise mutants.NoSite("there is one way of it")
    twin = keras.models.model_from_json(json.dumps(configuration))
    twin.set_weights(network.get_weights())
    return twin


def beside(name: str) -> ModuleType:
    path = Path(__file__).with_name(name)
    spec = importlib.util.spec_from_file_location(f"deploymatrix_sources_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def layers_of(configuration: dict[str, Any]) -> Iterator[Layer]:
    for layer in configuration["config"]["layers"]:
        if "layers" in layer["config"]:
            yield from layers_of(layer)
        else:
            yield layer


def has(key: str, *values: Any) -> Callable[[Layer], bool]:
    return lambda layer: layer["config"].get(key) in values


def put(key: str, value: Any) -> Edit:
    return lambda layer: layer["config"].update({key: value})


def is_plain_relu(layer: Layer) -> bool:
    return has("activation", "relu")(layer) or (layer["class_name"] == "ReLU" and layer["config"]["max_value"] is None)


def clip_relu(layer: Layer) -> None:
    layer["config"].update({"max_value": 6.0} if layer["class_name"] == "ReLU" else {"activation": "relu6"})


def is_clipped_relu(layer: Layer) -> bool:
    return has("activation", "relu6")(layer) or (layer["class_name"] == "ReLU" and layer["config"]["max_value"] == 6)


def unclip(layer: Layer) -> None:
    layer["config"].update({"max_value": None} if layer["class_name"] == "ReLU" else {"activation": "relu"})


def has_epsilon(layer: Layer) -> bool:
    return "epsilon" in layer["config"]


def raise_epsilon(layer: Layer) -> None:
    layer["config"]["epsilon"] *= 100


def pads_unevenly(layer: Layer) -> bool:
    padding = layer["config"].get("padding")
    return layer["class_name"] == "ZeroPadding2D" and any(before != after for before, after in padding)


def mirror_padding(layer: Layer) -> None:
    layer["config"]["padding"] = [[after, before] for before, after in layer["config"]["padding"]]


def of_class(*names: str) -> Callable[[Layer], bool]:
    return lambda layer: layer["class_name"] in names


def flip_ceil(layer: Layer) -> None:
    layer["config"]["padding"] = "same" if layer["config"]["padding"] == "valid" else "valid"


def resize_otherwise(layer: Layer) -> None:
    nearest = layer["config"]["interpolation"] == "nearest"
    layer["config"]["interpolation"] = "bilinear" if nearest else "nearest"


def other_axis(layer: Layer) -> None:
    layer["config"]["axis"] = -2 if layer["config"]["axis"] == -1 else -1


GRAPHS: dict[str, tuple[Callable[[Layer], bool], Edit]] = {
    "exported": (lambda layer: False, lambda layer: None),
    "relu-clipped": (is_plain_relu, clip_relu),
    "relu6-unclipped": (is_clipped_relu, unclip),
    "silu-to-gelu": (has("activation", "silu", "swish"), put("activation", "gelu")),
    "gelu-to-silu": (has("activation", "gelu"), put("activation", "silu")),
    "sigmoid-hard": (has("activation", "sigmoid"), put("activation", "hard_sigmoid")),
    "gates-hard": (has("recurrent_activation", "sigmoid"), put("recurrent_activation", "hard_sigmoid")),
    "epsilon-100": (has_epsilon, raise_epsilon),
    "softmax-axis": (of_class("Softmax"), other_axis),
    "padding-shifted": (pads_unevenly, mirror_padding),
    "pooling-ceil": (of_class("MaxPooling2D", "AveragePooling2D"), flip_ceil),
    "resize-mode": (of_class("UpSampling2D"), resize_otherwise),
}
