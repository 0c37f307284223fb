"""Where the noise enters a quantised ONNX graph: layer by layer, in exact arithmetic, against the graph before.

Tensors go by their names, which ONNX Runtime's quantisers keep. onnxruntime.quantization.qdq_loss_debug pairs them so,
too, but of QDQ graphs alone; it runs them on kernels that add errors of their own, and tells only what has piled up.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

VERSIONS = ("onnx", "numpy")
ENTRY = "layers.json"
OPTIONS = ("artifact",)
SAMPLES = 2  # it is about where, not about how much
MOST = 12  # layers whose own noise is followed to the end
ROUNDING = 1e-10  # power of noise, relative, that is none: of float32 constants that were folded

Values = dict[str, Any]


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `layers.json`: each layer's noise, as a power relative to its output.

    source: the graph in float32. options: artifact, the path of the graph that was made from it.
    """
    evaluate, signature = beside("evaluate"), spec.source_signature
    exact, quantised = evaluate.load(source).exact, evaluate.load(Path(options["artifact"])).exact
    names = {name: tensor["name"] for name, tensor in signature["inputs"].items()}
    found = Noise(exact, quantised)
    for sample in spec.samples[:SAMPLES]:
        found.add({names[name]: wide(array) for name, array in sample.items()})
    (out / ENTRY).write_text(json.dumps(found.told()), encoding="utf-8")
    return {side: {name: tensor["name"] for name, tensor in signature[side].items()} for side in ("inputs", "outputs")}


class Noise:
    """Sums of squares over all samples, by tensor: of the signal, and of noise.

    own: of what the layer makes of exact inputs. so_far: of what the whole graph up to it makes. alone: by layer, at
    each of the graph's outputs where it alone is quantised.
    """

    def __init__(self, exact: Any, quantised: Any) -> None:
        self.exact, self.quantised = exact, quantised
        self.layers = {name: node for node in following(exact, exact.input_names) for name in node.output if name}
        self.levels = {levels: name for levels, name in at_levels(quantised) if name in self.layers}
        self.signal: dict[str, float] = {}
        self.own: dict[str, float] = {}
        self.so_far: dict[str, float] = {}
        self.alone: dict[str, dict[str, float]] = {}

    def add(self, feeds: Values) -> None:
        """Add a sample, by the names of the graph's inputs."""
        exact = walked(self.exact.rt_nodes_, start(self.exact, feeds))
        piled = walked(self.quantised.rt_nodes_, start(self.quantised, feeds))
        noisy: Values = {}

        def corrected(name: str, value: Any) -> Any:
            layer = self.levels.get(name, name)
            if name in self.levels.values() or not self.is_layer(layer, value, exact):
                return value
            noisy[layer] = value
            return exact[layer]

        walked(self.quantised.rt_nodes_, start(self.quantised, feeds), corrected)
        piled |= {name: piled[levels] for levels, name in self.levels.items()}
        for name, value in noisy.items():
            count(self.signal, name, exact[name])
            count(self.own, name, value - exact[name])
            count(self.so_far, name, piled[name] - exact[name])
        self.follow(exact, noisy)

    def is_layer(self, name: str, value: Any, exact: Values) -> bool:
        """Tell whether both graphs have this tensor, and it is of floats that depend on the inputs."""
        return name in self.layers and same(value, exact[name])

    def follow(self, exact: Values, noisy: Values) -> None:
        """Follow the noise of each of the noisiest layers through the exact graph to its outputs."""
        if not self.alone:
            self.alone = {name: {} for name in self.noisiest()[:MOST]}
        for name, found in self.alone.items():
            nodes = following(self.exact, [name])
            ends = walked(nodes, {**exact, name: noisy[name]})
            for output in self.exact.output_names:
                count(found, output, ends[output] - exact[output])

    def noisiest(self) -> list[str]:
        names = [name for name in self.own if self.relative(self.own, name) > ROUNDING]
        return sorted(names, key=lambda name: -self.relative(self.own, name))

    def relative(self, noise: dict[str, float], name: str) -> float:
        return noise[name] / self.signal[name] if self.signal[name] else 0.0

    def told(self) -> dict[str, Any]:
        """The layers with noise of their own, in the graph's order; share: of the noise at the end."""
        noisy = set(self.noisiest())
        return {"layers": [self.layer(name) for name in self.own if name in noisy]}

    def layer(self, name: str) -> dict[str, Any]:
        node = self.layers[name].onnx_node
        return {
            "name": node.name or name,
            "operator": node.op_type,
            "own": self.relative(self.own, name),
            "so_far": self.relative(self.so_far, name),
            "share": self.share(name),
        }

    def share(self, name: str) -> float | None:
        """Of all noise at the outputs, what there is where this layer alone is quantised; None where nobody looked."""
        ends = [output for output in self.exact.output_names if self.so_far.get(output)]
        if name not in self.alone or not ends:
            return None
        return sum(self.alone[name][output] / self.so_far[output] for output in ends) / len(ends)


def at_levels(evaluator: Any) -> Iterator[tuple[str, str]]:
    """Yield the tensors that are others at the levels of int8, with these others: of layers with weights in int8.

    What a layer gives is rounded for its sake, and not for that of the next one.
    """
    makers = {name: node for node in evaluator.rt_nodes_ for name in node.output}

    def made_by(name: str, operator: str) -> Any:
        node = makers.get(name)
        return node if node is not None and node.op_type == operator else None

    def has_weights(node: Any) -> bool:
        held = (made_by(name, "DequantizeLinear") for name in node.input)
        return any(node.input[0] not in makers for node in held if node is not None)

    for node in evaluator.rt_nodes_:
        rounding = made_by(node.input[0], "QuantizeLinear") if node.op_type == "DequantizeLinear" else None
        maker = makers.get(rounding.input[0]) if rounding is not None else None
        if maker is not None and has_weights(maker):
            yield node.output[0], rounding.input[0]


def start(evaluator: Any, feeds: Values) -> Values:
    return {"": None, **evaluator.rt_inits_, **feeds}


def walked(nodes: Iterable[Any], values: Values, kept: Callable[[str, Any], Any] = lambda _, value: value) -> Values:
    """Run nodes one after the other, as ReferenceEvaluator.run does; `kept` says what a tensor is from then on."""
    for node in nodes:
        context = {"context": values} if node.need_context() else {}
        answers = node.run(*(values[name] for name in node.input), **context)
        for name, value in zip(node.output, answers, strict=False):
            values[name] = kept(name, value)
    return values


def following(evaluator: Any, names: Iterable[str]) -> list[Any]:
    """The nodes that depend on these tensors; what a branch or a loop takes from outside is not among its inputs."""
    reached, nodes = set(names), []
    for node in evaluator.rt_nodes_:
        if node.need_context() or reached & set(node.input):
            nodes.append(node)
            reached |= set(node.output) - {""}
    return nodes


def count(sums: dict[str, float], name: str, values: Any) -> None:
    sums[name] = sums.get(name, 0.0) + float((np.asarray(values, "float64") ** 2).sum())


def same(value: Any, other: Any) -> bool:
    both = all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in (value, other))
    return both and value.shape == other.shape


def wide(array: np.ndarray) -> np.ndarray:
    return array.astype("float64") if array.dtype.kind == "f" else array
