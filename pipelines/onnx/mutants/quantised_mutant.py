"""A quantised ONNX graph made wrong on purpose, for `deploymatrix selftest`: one number of its quantisation is another.

It knows both forms that ONNX Runtime's quantisers write: weights behind DequantizeLinear, activations between
QuantizeLinear and DequantizeLinear; and MatMulInteger or ConvInteger, whose result is cast, and scaled by a product.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, numpy_helper

VERSIONS = ("onnx", "numpy")
OPTIONS = ("kind", "pick")
ENTRY = "model.onnx"
FEW = (np.dtype("int8"), np.dtype("uint8"))
INTEGER = ("MatMulInteger", "ConvInteger")


def beside_the_step(name: str) -> Any:
    path = Path(__file__).parents[1] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


left_in_float = beside_the_step("left_in_float")


class NoSite(LookupError):
    """The graph has nothing, or nothing more, that this kind of mutant could change."""


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx` with one change. Raises NoSite where the graph has no site for the kind, or has had them all.

    options: kind and pick, which of the sites.
    """
    graph = Graph(onnx.load(source))
    find, change = KINDS[options["kind"]]
    site = chosen(list(find(graph)), options["pick"])
    change(graph, site, np.random.default_rng(options["pick"]))
    print(f"mutant: {site.node.name or site.node.output[0]}")
    onnx.save(graph.model, out / ENTRY)
    left_in_float.refuse(graph.model, variant=spec.variant)  # as the step does with what its quantiser gives
    signature = spec.source_signature
    return {side: {name: t["name"] for name, t in signature[side].items()} for side in ("inputs", "outputs")}


def chosen(sites: list[Any], pick: int) -> Any:
    """The site of a pick: the first one, then the last one, then those that halve the distances."""
    if pick >= len(sites):
        raise NoSite(f"the graph has {len(sites)} sites for it")
    last = len(sites) - 1
    spread = dict.fromkeys([0, last, *(round(last * i / 2**level) for level in range(1, 9) for i in range(2**level))])
    return sites[[*spread, *(i for i in range(len(sites)) if i not in spread)][pick]]


@dataclass(frozen=True)
class Site:
    """A node, and which of its inputs are the few-bit values, their scale and their zero point.

    axis: of the values' channels. scaling: the node that takes the scale, where it is another one.
    """

    node: NodeProto
    values: int
    zero: int
    axis: int = 0
    scaling: NodeProto | None = None

    @property
    def scale(self) -> tuple[NodeProto, int]:
        return self.scaling or self.node, 1


class Graph:
    """A graph, and what it holds by name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.makers = {name: node for node in model.graph.node for name in node.output}

    def array(self, node: NodeProto, at: int) -> np.ndarray:
        return self.held[node.input[at]]

    def is_held(self, node: NodeProto, at: int) -> bool:
        return len(node.input) > at and node.input[at] in self.held

    def users(self, name: str) -> Iterator[NodeProto]:
        return (node for node in self.model.graph.node if name in node.input)

    def put(self, node: NodeProto, at: int, array: np.ndarray) -> None:
        """Give one input of one node another value; others that share what it was keep it."""
        was = self.held[node.input[at]]
        name = f"{node.input[at]}.mutant.{len(self.held)}"
        self.held[name] = np.asarray(array, was.dtype)
        self.model.graph.initializer.append(numpy_helper.from_array(self.held[name], name))
        node.input[at] = name


def dequantised(graph: Graph, *dtypes: np.dtype) -> Iterator[Site]:
    """Weights or biases behind DequantizeLinear; the axis of a weight with one scale is that of its user's channels."""
    for node in graph.model.graph.node:
        if node.op_type == "DequantizeLinear" and graph.is_held(node, 0) and graph.array(node, 0).dtype in dtypes:
            declared = {a.name: a.i for a in node.attribute}.get("axis", 1)
            one_scale = graph.array(node, 1).size == 1
            axis = channels(graph, node) if one_scale else declared % graph.array(node, 0).ndim
            yield Site(node, 0, 2, axis)


def channels(graph: Graph, node: NodeProto) -> int:
    """The axis along which a weight's user gives its channels."""
    user = next(graph.users(node.output[0]), None)
    attributes = {a.name: a.i for a in user.attribute} if user else {}
    first = user is None or user.op_type == "Conv" or (user.op_type == "Gemm" and attributes.get("transB"))
    return 0 if first else graph.array(node, 0).ndim - 1


def multiplied(graph: Graph) -> Iterator[Site]:
    """Weights of MatMulInteger and ConvInteger whose scale is held: result → Cast → Mul ← Mul ← scale."""
    for node in graph.model.graph.node:
        if node.op_type in INTEGER and graph.is_held(node, 1):
            casts = (user for user in graph.users(node.output[0]) if user.op_type == "Cast")
            scaled = next((mul for cast in casts for mul in graph.users(cast.output[0]) if mul.op_type == "Mul"), None)
            product = graph.makers.get(scaled.input[1]) if scaled is not None else None
            if product is not None and product.op_type == "Mul" and graph.is_held(product, 1):
                axis = 0 if node.op_type == "ConvInteger" else graph.array(node, 1).ndim - 1
                yield Site(node, 1, 3, axis, product)


def weights(graph: Graph) -> Iterator[Site]:
    yield from dequantised(graph, *FEW)
    yield from multiplied(graph)


def with_channel_scales(graph: Graph) -> Iterator[Site]:
    return (site for site in weights(graph) if np.ptp(graph.array(*site.scale)) > 0)


def biases(graph: Graph) -> Iterator[Site]:
    return (site for site in dequantised(graph, np.dtype("int32")) if graph.array(site.node, 0).any())


def activations(graph: Graph) -> Iterator[Site]:
    """Pairs of QuantizeLinear and DequantizeLinear, known by the latter."""
    for node in graph.model.graph.node:
        before = graph.makers.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if before is not None and before.op_type == "QuantizeLinear" and graph.is_held(node, 1):
            yield Site(node, 0, 2)


def with_zero_points(graph: Graph) -> Iterator[Site]:
    sites = [*activations(graph), *weights(graph)]
    return (site for site in sites if graph.is_held(site.node, site.zero))


def scale_channel(graph: Graph, site: Site, generator: Any) -> None:
    """One channel's scale × 1.5. A scale of the whole tensor becomes one of each channel, all others the same."""
    node, at = site.scale
    size = graph.array(site.node, site.values).shape[site.axis]
    scale = np.broadcast_to(graph.array(node, at).reshape(-1), size).copy()
    scale[generator.integers(size)] *= 1.5
    convolves = site.node.op_type == "ConvInteger"  # its result has the channels before the places
    graph.put(node, at, scale.reshape(-1, *[1] * (graph.array(site.node, 1).ndim - 2 if convolves else 0)))
    if site.scaling is None:
        give_axis(graph, site, size)


def give_axis(graph: Graph, site: Site, size: int) -> None:
    """Say that the scale is one of each channel; the zero point must have as many values."""
    kept = [a for a in site.node.attribute if a.name != "axis"]
    del site.node.attribute[:]
    site.node.attribute.extend([*kept, onnx.helper.make_attribute("axis", site.axis)])
    if graph.is_held(site.node, site.zero):
        zero = graph.array(site.node, site.zero)
        graph.put(site.node, site.zero, np.broadcast_to(zero.reshape(-1), size).copy())


def move_zero(graph: Graph, site: Site, generator: Any) -> None:
    """The zero point 8 levels up, or down where there is no room: of activations as they are read, not as written."""
    zero = graph.array(site.node, site.zero).astype(int)
    graph.put(site.node, site.zero, np.where(zero + 8 <= np.iinfo(few(graph, site)).max, zero + 8, zero - 8))


def few(graph: Graph, site: Site) -> np.dtype:
    return graph.array(site.node, site.zero).dtype


def permute(graph: Graph, site: Site, generator: Any) -> None:
    """The weights of one channel, each in its neighbour's place."""
    values = np.moveaxis(graph.array(site.node, site.values).copy(), site.axis, 0)
    channel = generator.integers(len(values))
    values[channel] = np.roll(values[channel].reshape(-1), 1).reshape(values[channel].shape)
    graph.put(site.node, site.values, np.moveaxis(values, 0, site.axis))


def one_scale(graph: Graph, site: Site, generator: Any) -> None:
    """Quantised once more, with the largest of the channels' scales for all."""
    node, at = site.scale
    scale, values = graph.array(node, at), graph.array(site.node, site.values)
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]
    zero = graph.array(site.node, site.zero).reshape(shape) if graph.is_held(site.node, site.zero) else 0
    real = (values.astype(float) - zero) * scale.reshape(shape)
    limits = np.iinfo(values.dtype)
    graph.put(node, at, np.full_like(scale, scale.max()))
    graph.put(site.node, site.values, np.clip(np.round(real / scale.max()) + zero, limits.min, limits.max))


def first_scale(graph: Graph, site: Site, generator: Any) -> None:
    """The first channel's scale for all, as of a kernel that knows one scale only."""
    node, at = site.scale
    scale = graph.array(node, at)
    graph.put(node, at, np.full_like(scale, scale.reshape(-1)[0]))


def narrow(graph: Graph, site: Site, generator: Any) -> None:
    """A tenth of the range of an activation, written and read: larger values saturate."""
    writer = graph.makers[site.node.input[0]]
    for node in (writer, site.node):
        graph.put(node, 1, graph.array(node, 1) / 10)


def double_bias(graph: Graph, site: Site, generator: Any) -> None:
    """The levels, not the scale: runtimes take that of a bias to be the product of its input's and its weight's."""
    graph.put(site.node, 0, graph.array(site.node, 0) * 2)


def leave(graph: Graph, site: Site, generator: Any) -> None:
    """The weight in float32, and with MatMulInteger and ConvInteger the activation, too."""
    values, nodes = graph.array(site.node, site.values), graph.model.graph.node
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]
    scale = graph.array(*site.scale).reshape(-1)
    zero = graph.array(site.node, site.zero).reshape(-1) if graph.is_held(site.node, site.zero) else np.zeros(1)
    real = (values.astype("float32") - zero.reshape(shape)) * scale.reshape(shape)
    name = f"{site.node.input[site.values]}.float32"
    graph.model.graph.initializer.append(numpy_helper.from_array(real.astype("float32"), name))
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


KINDS: dict[str, tuple[Callable[[Graph], Iterator[Site]], Callable[[Graph, Site, Any], None]]] = {
    "scale-1.5": (weights, scale_channel),
    "zero-point-8": (with_zero_points, move_zero),
    "channel-permuted": (weights, permute),
    "scale-of-all": (with_channel_scales, one_scale),
    "scale-of-first": (with_channel_scales, first_scale),
    "range-0.1": (activations, narrow),
    "bias-scale-2": (biases, double_bias),
    "layer-left": (weights, leave),
}
