"""A model made wrong on purpose, for `deploymatrix selftest`: another model, with one change to its frozen weights.

Mutants whose computation is changed are made by graph_mutant.py.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

VERSIONS = ("keras", "numpy")


class NoSite(LookupError):
    """The model has nothing, or nothing more, that this kind of mutant could change."""


def build(given: dict[str, Any], spec: Any) -> keras.Model:
    """given: path of the original's weights; options: kind and pick of the mutant.

    Raises NoSite where the model has no site for the kind, or has had them all.
    """
    kind, pick = given["options"]["kind"], given["options"]["pick"]
    network = original(spec, Path(given["path"]))
    if kind == "unchanged":
        chosen([network], pick)
        return network
    if kind not in WEIGHTS:
        raise NoSite("Keras has no such kind")
    find, change = WEIGHTS[kind]
    for variable in chosen(find(network), pick):
        array = np.array(variable)
        change(array, np.random.default_rng(pick))
        variable.assign(array)
        print(f"mutant: {variable.path} {list(array.shape)}")
    return network


def original(spec: Any, weights: Path) -> keras.Model:
    """A Keras model is its file: the module that built it is not called."""
    path = Path(__file__).parents[1] / "framework.py"
    found = importlib.util.spec_from_file_location("deploymatrix_original_framework", path)
    assert found is not None and found.loader is not None
    framework = importlib.util.module_from_spec(found)
    found.loader.exec_module(framework)
    return framework.open(ModuleType("unused"), spec, weights)


def chosen(sites: list[Any], pick: int) -> Any:
    """The site of a pick: the first one, then the last one, then those that halve the distances."""
    if pick >= len(sites):
        raise NoSite(f"the model has {len(sites)} sites for it")
    last = len(sites) - 1
    spread = dict.fromkeys([0, last, *(round(last * i / 2**level) for level in range(1, 9) for i in range(2**level))])
    return sites[[*spread, *(i for i in range(len(sites)) if i not in spread)][pick]]


# Where a kind can be applied, each site a list of variables, and what it does to an array in place.


def matrices(network: keras.Model) -> list[list[Any]]:
    return [[v] for v in network.weights if len(v.shape) >= 2]


def square_matrices(network: keras.Model) -> list[list[Any]]:
    return [[v] for v in network.weights if len(v.shape) == 2]


def biases(network: keras.Model) -> list[list[Any]]:
    return [[v] for v in network.weights if v.name == "bias" and np.any(v)]


def embeddings(network: keras.Model) -> list[list[Any]]:
    return [[v] for v in network.weights if v.name == "embeddings"]


def normalisations(network: keras.Model) -> list[list[Any]]:
    layers = (layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization))
    return [[layer.moving_mean, layer.moving_variance] for layer in layers]


def whole(network: keras.Model) -> list[list[Any]]:
    return [list(network.weights)]


def scale(factor: float) -> Callable[[Any, Any], None]:
    def change(array: Any, generator: Any) -> None:
        array *= np.float32(factor)

    return change


def scale_channel(array: Any, generator: Any) -> None:
    array[..., generator.integers(array.shape[-1])] *= np.float32(1.05)


def double_element(array: Any, generator: Any) -> None:
    """Double an element of middling size: most are neither the largest nor near zero."""
    flat = array.reshape(-1)
    flat[np.argsort(np.abs(flat))[flat.size // 2]] *= 2


def drop(array: Any, generator: Any) -> None:
    array[...] = 0


def swap_rows(array: Any, generator: Any) -> None:
    first, second = 0, len(array) // 2
    array[[first, second]] = array[[second, first]]


def zero_row(array: Any, generator: Any) -> None:
    array[generator.integers(len(array))] = 0


def roll(array: Any, generator: Any) -> None:
    """Give each channel its neighbour's statistics, as of other data."""
    array[...] = np.roll(array, 1)


def round_weights(array: Any, generator: Any) -> None:
    array[...] = array.astype(np.float16)


WEIGHTS: dict[str, tuple[Callable[[keras.Model], list[list[Any]]], Callable[[Any, Any], None]]] = {
    "tensor-1.01": (matrices, scale(1.01)),
    "tensor-1.001": (matrices, scale(1.001)),
    "channel-1.05": (matrices, scale_channel),
    "element-doubled": (matrices, double_element),
    "bias-dropped": (biases, drop),
    "rows-swapped": (square_matrices, swap_rows),
    "embedding-row-zeroed": (embeddings, zero_row),
    "other-statistics": (normalisations, roll),
    "float16-weights": (whole, round_weights),
}
