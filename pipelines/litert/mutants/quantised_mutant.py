"""A quantised LiteRT file made wrong on purpose, for `deploymatrix selftest`: one number of its quantisation changes.

A tensor has its scales and zero points with it, so who writes it and who reads it agree. A zero point that is off is
played by the levels of a weight, which are all moved: that is what a kernel with another zero point computes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

VERSIONS = ("ai-edge-litert", "numpy")
OPTIONS = ("kind", "pick", "given")
ENTRY = "model.tflite"


def beside(name: str) -> Any:
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


quantised, sites = beside("../quantised.py"), beside("../../variants/sites.py")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one change. Raises NoSite where the file has no site for the kind, or has had them all.

    Says what the steps refuse where their quantiser gives such a file. options: kind; pick, which of the
    sites; given, the file in float32 that was quantised.
    """
    model = flatbuffer_utils.read_model(str(source))
    find, change = KINDS[options["kind"]]
    site = sites.chosen(list(find(model)), options["pick"])
    change(site, np.random.default_rng(options["pick"]))
    print(f"mutant: {quantised.name_of(site.tensor)}")
    flatbuffer_utils.write_model(model, str(out / ENTRY))
    smallest = quantised.SMALLEST if (spec.framework, spec.variant) == ("keras", "int8-dynamic") else 0
    try:
        quantised.refuse(model, flatbuffer_utils.read_model(options["given"]), smallest=smallest)
    except quantised.levels.Refused as refusal:
        print(f"refused: {type(refusal).__name__}: {refusal}")
    return dict(spec.source_signature)


def scale_channel(site: Any, generator: Any) -> None:
    scale = site.scale.copy()
    scale[generator.integers(len(scale))] *= 1.5
    site.rescale(scale)


def move_levels(site: Any, generator: Any) -> None:
    site.put(site.values.astype(int) + 8)


def permute(site: Any, generator: Any) -> None:
    """The weights of one channel, each in its neighbour's place."""
    values = np.moveaxis(site.values.copy(), site.axis, 0)
    channel = generator.integers(len(values))
    values[channel] = np.roll(values[channel].reshape(-1), 1).reshape(values[channel].shape)
    site.put(np.moveaxis(values, 0, site.axis))


def one_scale(site: Any, generator: Any) -> None:
    """Quantised once more, with the largest of the channels' scales for all."""
    values, scale = site.values, site.scale
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]
    site.put(np.round(values * (scale / scale.max()).reshape(shape)))
    site.rescale(np.full_like(scale, scale.max()))


def first_scale(site: Any, generator: Any) -> None:
    """The first channel's scale for all, as of a kernel that knows one scale only."""
    site.rescale(np.full_like(site.scale, site.scale[0]))


def narrow(site: Any, generator: Any) -> None:
    """A tenth of the range of an activation: larger values saturate. What is added to its products stays the same."""
    site.rescale(site.scale / 10)
    for bias in site.biases_of_users():
        bias.put(bias.values.astype(np.int64) * 10)
        bias.rescale(bias.scale / 10)


def double_bias(site: Any, generator: Any) -> None:
    """The levels, not the scale: runtimes take that of a bias to be the product of its input's and its weight's."""
    site.put(site.values.astype(np.int64) * 2)


def leave(site: Any, generator: Any) -> None:
    """The weight in float32; its activations are."""
    site.hold(site.real.astype(np.float32))
    site.tensor.type, site.tensor.quantization = quantised.FLOAT32, None


KINDS: dict[str, tuple[Callable[[Any], Iterator[Any]], Callable[[Any, Any], None]]] = {
    "scale-1.5": (quantised.of_channels, scale_channel),
    "zero-point-8": (quantised.weights, move_levels),
    "channel-permuted": (quantised.weights, permute),
    "scale-of-all": (quantised.of_unlike_channels, one_scale),
    "scale-of-first": (quantised.of_unlike_channels, first_scale),
    "range-0.1": (quantised.activations, narrow),
    "bias-scale-2": (quantised.biases, double_bias),
    "layer-left": (quantised.of_float_activations, leave),
}
