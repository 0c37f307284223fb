"""A quantised LiteRT file made wrong on purpose, for `deploymatrix selftest`: one number of its quantisation changes.

A tensor has its scales and zero points with it, so who writes it and who reads it agree. A zero point that is off is
played by the levels of a weight, which are all moved: that is what a kernel with another zero point computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_quantizer.utils import tfl_flatbuffer_utils

VERSIONS = ("ai-edge-quantizer", "numpy")
OPTIONS = ("kind", "pick")
ENTRY = "model.tflite"
INT32, INT8 = 2, 9  # of the schema's TensorType


class NoSite(LookupError):
    """The file has nothing, or nothing more, that this kind of mutant could change."""


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one change. Raises NoSite where the file has no site for the kind, or has had them all.

    options: kind and pick, which of the sites.
    """
    model = tfl_flatbuffer_utils.read_model(Path(source))
    find, change = KINDS[options["kind"]]
    site = chosen(list(find(model)), options["pick"])
    change(site, np.random.default_rng(options["pick"]))
    print(f"mutant: {name_of(site.tensor)}")
    tfl_flatbuffer_utils.write_model(model, str(out / ENTRY))
    return dict(spec.source_signature)


def chosen(sites: list[Any], pick: int) -> Any:
    """The site of a pick: the first one, then the last one, then those that halve the distances."""
    if pick >= len(sites):
        raise NoSite(f"the file has {len(sites)} sites for it")
    last = len(sites) - 1
    spread = dict.fromkeys([0, last, *(round(last * i / 2**level) for level in range(1, 9) for i in range(2**level))])
    return sites[[*spread, *(i for i in range(len(sites)) if i not in spread)][pick]]


def name_of(tensor: Any) -> str:
    return tensor.name.decode() if isinstance(tensor.name, bytes) else str(tensor.name)


@dataclass(frozen=True)
class Site:
    """A tensor in its subgraph."""

    model: Any
    graph: Any
    tensor: Any

    @property
    def values(self) -> np.ndarray | None:
        """Its levels, if the file holds them."""
        data = self.model.buffers[self.tensor.buffer].data
        if data is None or not len(data):
            return None
        dtype = {INT8: np.int8, INT32: np.int32}[self.tensor.type]
        return np.frombuffer(bytes(data), dtype).reshape(self.tensor.shape)

    @property
    def scale(self) -> np.ndarray:
        return np.asarray(self.tensor.quantization.scale, np.float32)

    @property
    def axis(self) -> int:
        """That of its channels."""
        return int(self.tensor.quantization.quantizedDimension)

    def put(self, values: np.ndarray) -> None:
        """Give the tensor other levels: in a buffer of its own, since others may share what it was."""
        dtype = self.values.dtype  # type: ignore[union-attr]  # whoever puts has looked
        limits = np.iinfo(dtype)
        buffer = type(self.model.buffers[self.tensor.buffer])()
        buffer.data = np.frombuffer(np.clip(values, limits.min, limits.max).astype(dtype).tobytes(), np.uint8)
        self.tensor.buffer = len(self.model.buffers)
        self.model.buffers.append(buffer)

    def rescale(self, scale: np.ndarray) -> None:
        self.tensor.quantization.scale = np.asarray(scale, np.float32)

    def biases_of_users(self) -> Iterator[Site]:
        """What is added in the operators that multiply this tensor: its scale must be the product of the others'."""
        for operator in self.graph.operators:
            inputs = [self.graph.tensors[index] if index >= 0 else None for index in operator.inputs]
            if len(inputs) > 2 and inputs[0] is self.tensor and inputs[2] is not None and inputs[2].type == INT32:
                bias = Site(self.model, self.graph, inputs[2])
                if quantised(bias.tensor) and bias.values is not None:
                    yield bias


def quantised(tensor: Any) -> bool:
    return tensor.quantization is not None and tensor.quantization.scale is not None and len(tensor.quantization.scale)


def tensors(model: Any, type_: int) -> Iterator[Site]:
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.type == type_ and quantised(tensor):
                yield Site(model, graph, tensor)


def weights(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT8) if site.values is not None and site.values.ndim > 1)


def of_channels(model: Any) -> Iterator[Site]:
    return (site for site in weights(model) if len(site.scale) > 1)


def of_unlike_channels(model: Any) -> Iterator[Site]:
    return (site for site in of_channels(model) if np.ptp(site.scale) > 0)


def activations(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT8) if site.values is None)


def biases(model: Any) -> Iterator[Site]:
    return (site for site in tensors(model, INT32) if site.values is not None and site.values.any())


def scale_channel(site: Site, generator: Any) -> None:
    scale = site.scale.copy()
    scale[generator.integers(len(scale))] *= 1.5
    site.rescale(scale)


def move_levels(site: Site, generator: Any) -> None:
    site.put(site.values.astype(int) + 8)  # type: ignore[union-attr]


def permute(site: Site, generator: Any) -> None:
    """The weights of one channel, each in its neighbour's place."""
    values = np.moveaxis(site.values.copy(), site.axis, 0)  # type: ignore[union-attr]
    channel = generator.integers(len(values))
    values[channel] = np.roll(values[channel].reshape(-1), 1).reshape(values[channel].shape)
    site.put(np.moveaxis(values, 0, site.axis))


def one_scale(site: Site, generator: Any) -> None:
    """Quantised once more, with the largest of the channels' scales for all."""
    values, scale = site.values, site.scale
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]  # type: ignore[union-attr]
    site.put(np.round(values * (scale / scale.max()).reshape(shape)))
    site.rescale(np.full_like(scale, scale.max()))


def first_scale(site: Site, generator: Any) -> None:
    """The first channel's scale for all, as of a kernel that knows one scale only."""
    site.rescale(np.full_like(site.scale, site.scale[0]))


def narrow(site: Site, generator: Any) -> None:
    """A tenth of the range of an activation: larger values saturate. What is added to its products stays the same."""
    site.rescale(site.scale / 10)
    for bias in site.biases_of_users():
        bias.put(bias.values.astype(np.int64) * 10)  # type: ignore[union-attr]
        bias.rescale(bias.scale / 10)


def double_bias(site: Site, generator: Any) -> None:
    """The levels, not the scale: runtimes take that of a bias to be the product of its input's and its weight's."""
    site.put(site.values.astype(np.int64) * 2)  # type: ignore[union-attr]


KINDS: dict[str, tuple[Callable[[Any], Iterator[Site]], Callable[[Site, Any], None]]] = {
    "scale-1.5": (of_channels, scale_channel),
    "zero-point-8": (weights, move_levels),
    "channel-permuted": (weights, permute),
    "scale-of-all": (of_unlike_channels, one_scale),
    "scale-of-first": (of_unlike_channels, first_scale),
    "range-0.1": (activations, narrow),
    "bias-scale-2": (biases, double_bias),
}
