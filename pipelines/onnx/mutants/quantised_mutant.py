"""A quantised ONNX graph made wrong on purpose, for `deploymatrix selftest`: one of its numbers is another."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

VERSIONS = ("onnx", "onnxruntime", "numpy")
OPTIONS = ("kind", "pick", "given")
ENTRY = "model.onnx"


def beside(name: str) -> Any:
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


step = beside("../from_onnx.py")
quantised = step.quantised
sites = beside("../../variants/sites.py")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx` with one change. Raises NoSite where the graph has no site for the kind, or has had them all.

    Says what the step refuses where its quantiser gives such a graph. options: kind; pick, which of the sites;
    given, the file in float32 that was quantised.
    """
    graph = quantised.Graph(onnx.load(source))
    find, change = KINDS[options["kind"]]
    site = sites.chosen(list(find(graph)), options["pick"])
    change(graph, site, np.random.default_rng(options["pick"]))
    print(f"mutant: {site.node.name or site.node.output[0]}")
    onnx.save(graph.model, out / ENTRY)
    try:
        step.refuse(graph.model, Path(options["given"]), spec.variant, {})
    except step.levels.Refused as refusal:
        print(f"refused: {type(refusal).__name__}: {refusal}")
    signature = spec.source_signature
    return {side: {name: t["name"] for name, t in signature[side].items()} for side in ("inputs", "outputs")}


def scale_channel(graph: Any, site: Any, generator: Any) -> None:
    """One channel's scale × 1.5. A scale of the whole tensor becomes one of each channel, all others the same."""
    node, at = site.scale
    size = graph.array(site.node, site.values).shape[site.axis]
    scale = np.broadcast_to(graph.array(node, at).reshape(-1), size).copy()
    scale[generator.integers(size)] *= 1.5
    convolves = site.node.op_type == "ConvInteger"  # its result has the channels before the places
    graph.put(node, at, scale.reshape(-1, *[1] * (graph.array(site.node, 1).ndim - 2 if convolves else 0)))
    if site.scaling is None:
        give_axis(graph, site, size)


def give_axis(graph: Any, site: Any, size: int) -> None:
    """Say that the scale is one of each channel; the zero point must have as many values."""
    kept = [a for a in site.node.attribute if a.name != "axis"]
    del site.node.attribute[:]
    site.node.attribute.extend([*kept, onnx.helper.make_attribute("axis", site.axis)])
    if graph.is_held(site.node, site.zero):
        zero = graph.array(site.node, site.zero)
        graph.put(site.node, site.zero, np.broadcast_to(zero.reshape(-1), size).copy())


def move_zero(graph: Any, site: Any, generator: Any) -> None:
    """The zero point 8 levels up, or down where there is no room: of activations as they are read, not as written."""
    zero = graph.array(site.node, site.zero).astype(int)
    graph.put(site.node, site.zero, np.where(zero + 8 <= np.iinfo(few(graph, site)).max, zero + 8, zero - 8))


def few(graph: Any, site: Any) -> np.dtype:
    return graph.array(site.node, site.zero).dtype


def permute(graph: Any, site: Any, generator: Any) -> None:
    """The weights of one channel, each in its neighbour's place."""
    values = np.moveaxis(graph.array(site.node, site.values).copy(), site.axis, 0)
    channel = generator.integers(len(values))
    values[channel] = np.roll(values[channel].reshape(-1), 1).reshape(values[channel].shape)
    graph.put(site.node, site.values, np.moveaxis(values, 0, site.axis))


def one_scale(graph: Any, site: Any, generator: Any) -> None:
    """Quantised once more, with the largest of the channels' scales for all."""
    node, at = site.scale
    scale, values = graph.array(node, at), graph.array(site.node, site.values)
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]
    zero = graph.array(site.node, site.zero).reshape(shape) if graph.is_held(site.node, site.zero) else 0
    real = (values.astype(float) - zero) * scale.reshape(shape)
    limits = np.iinfo(values.dtype)
    graph.put(node, at, np.full_like(scale, scale.max()))
    graph.put(site.node, site.values, np.clip(np.round(real / scale.max()) + zero, limits.min, limits.max))


def first_scale(graph: Any, site: Any, generator: Any) -> None:
    """The first channel's scale for all, as of a kernel that knows one scale only."""
    node, at = site.scale
    scale = graph.array(node, at)
    graph.put(node, at, np.full_like(scale, scale.reshape(-1)[0]))


def narrow(graph: Any, site: Any, generator: Any) -> None:
    """A tenth of the range of an activation, written and read: larger values saturate."""
    writer = graph.makers[site.node.input[0]]
    for node in (writer, site.node):
        graph.put(node, 1, graph.array(node, 1) / 10)


def double_bias(graph: Any, site: Any, generator: Any) -> None:
    """The levels, not the scale: runtimes take that of a bias to be the product of its input's and its weight's."""
    graph.put(site.node, 0, graph.array(site.node, 0) * 2)


def leave(graph: Any, site: Any, generator: Any) -> None:
    """The weight in float32, and with MatMulInteger and ConvInteger the activation, too."""
    nodes = graph.model.graph.node
    name = f"{site.node.input[site.values]}.float32"
    graph.model.graph.initializer.append(numpy_helper.from_array(quantised.real(graph, site).astype("float32"), name))
    if site.scaling is None:
        for user in list(graph.users(site.node.output[0])):
            user.input[:] = [name if given == site.node.output[0] else given for given in user.input]
        nodes.remove(site.node)
        return
    cast = next(graph.users(site.node.output[0]))
    scaled = next(graph.users(cast.output[0]))
    taken = graph.makers[site.node.input[0]].input[0]
    kind = site.node.op_type.removesuffix("Integer")
    layer = onnx.helper.make_node(kind, [taken, name], [scaled.output[0]], f"{site.node.name}_in_float32")
    layer.attribute.extend(site.node.attribute)
    nodes.insert(list(nodes).index(scaled), layer)
    nodes.remove(scaled)


KINDS: dict[str, tuple[Callable[[Any], Iterator[Any]], Callable[[Any, Any, Any], None]]] = {
    "scale-1.5": (quantised.weights, scale_channel),
    "zero-point-8": (quantised.with_zero_points, move_zero),
    "channel-permuted": (quantised.weights, permute),
    "scale-of-all": (quantised.with_channel_scales, one_scale),
    "scale-of-first": (quantised.with_channel_scales, first_scale),
    "range-0.1": (quantised.activations, narrow),
    "bias-scale-2": (quantised.biases, double_bias),
    "layer-left": (quantised.weights, leave),
}
