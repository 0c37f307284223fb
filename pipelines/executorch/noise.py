"""Where the noise enters a graph that pt2e quantised: node by node, against the graph that it was converted from.

Nodes go by their names, which convert_pt2e keeps. torchao's numeric debugger pairs them, too, by handles; it tells only
what has piled up, not what each adds.
"""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Node
from torch.utils import _pytree as pytree

VERSIONS = ("executorch", "torch", "numpy")
ENTRY = "layers.json"
OPTIONS = ("artifact",)
SAMPLES = 2  # it is about where, not about how much
MOST = 12  # layers whose own noise is followed to the end
ROUNDING = 1e-10  # power of noise, relative, that is none: of float32 constants that were folded

Values = dict[str, Any]


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_executorch_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


evaluate, variants = beside("evaluate"), beside("variants")


class Known(evaluate.Exact):  # type: ignore[name-defined, misc]  # loaded from beside it
    """A graph in float64 that notes what its nodes give; some of them give what they are told instead.

    What observes values on the way changes none.
    """

    def __init__(self, graph: Any, instead: Values | None = None) -> None:
        super().__init__(graph)
        self.instead, self.given = instead or {}, {}

    def run_node(self, node: Node) -> Any:
        value = super().run_node(node)
        if node.op != "call_function" or not is_float(value):
            return value
        self.given[node.name] = value
        told = self.instead.get(node.name)
        return told if is_float(told) and told.shape == value.shape else value

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        return args[0] if "activation_post_process" in str(target) else super().call_module(target, args, kwargs)


def export(source: nn.Module, spec: Any, out: Path, _options: dict[str, Any]) -> dict[str, Any]:
    """Write `layers.json`: each layer's noise, as a power relative to its output; none of what pt2e does not make.

    source: the model, from which the graph is made once more. options: artifact, which is not read.
    """
    samples = [tuple(torch.tensor(sample[tensor.name]) for tensor in spec.inputs) for sample in spec.samples]
    shapes = [tensor.shape for tensor in samples[0]]
    alike = [sample for sample in samples if [tensor.shape for tensor in sample] == shapes]
    made = spec.variant in variants.QUANTISED
    found = layers(*graphs(source, samples[0], spec), alike[:SAMPLES]) if made else []
    (out / ENTRY).write_text(json.dumps({"layers": found}), encoding="utf-8")
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
    }


def graphs(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any) -> tuple[Any, Any]:
    """The graph before and after it is converted, at the sizes of these inputs."""
    import executorch.exir  # noqa: F401  registers the quantise operators
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    prepared = variants.prepared(model, inputs, spec, None)
    exact = copy.deepcopy(prepared)
    with torch.no_grad():
        return exact, convert_pt2e(prepared)


@torch.no_grad()
def layers(exact: Any, quantised: Any, samples: list[tuple[Tensor, ...]]) -> list[dict[str, Any]]:
    """Each layer with noise of its own, in the graph's order.

    own: of what it makes of exact inputs. so_far: of what the graph up to it makes. share: of all noise at the outputs,
    what there is where this layer alone is quantised.
    """
    nodes = {node.name: node for node in exact.graph.nodes}
    own, so_far, total = {}, {}, 0.0
    alone: dict[str, float] = {}
    for inputs in samples:
        known, piled = Known(exact), Known(quantised)
        ends, noisy_ends = known.run(*inputs), piled.run(*inputs)
        corrected = Known(quantised, known.given)
        corrected.run(*inputs)
        names = [name for name, value in corrected.given.items() if is_alike(value, known.given.get(name))]
        for name in names:
            truth = known.given[name]
            own[name] = own.get(name, 0.0) + power(corrected.given[name], truth) / len(samples)
            so_far[name] = so_far.get(name, 0.0) + power(piled.given[name], truth) / len(samples)
        alone = alone or dict.fromkeys(sorted(own, key=lambda name: -own[name])[:MOST], 0.0)
        total += ended(noisy_ends, ends)
        for name in alone:
            alone[name] += ended(Known(exact, {name: corrected.given[name]}).run(*inputs), ends)
    return [
        {
            "name": name_of(nodes[name]),
            "operator": str(nodes[name].target).removeprefix("aten.").partition(".")[0],
            "own": own[name],
            "so_far": so_far[name],
            "share": alone[name] / total if name in alone and total else None,
        }
        for name in own
        if own[name] > ROUNDING
    ]


def name_of(node: Node) -> str:
    """The module that a node is of, by its path in the model; its own name where it is of none."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    path = str(stack[-1][0]) if stack else ""
    inner = path.removeprefix("L['self']").lstrip(".")
    return f"{inner} ({node.name})" if inner else node.name


def ended(answers: Any, exact: Any) -> float:
    """The power of noise at all outputs together, each relative to its own signal."""
    pairs = zip(pytree.tree_leaves(answers), pytree.tree_leaves(exact), strict=True)
    return sum(power(answer, truth) for answer, truth in pairs if is_float(truth))


def power(noisy: Tensor, truth: Tensor) -> float:
    signal = float((truth.double() ** 2).sum())
    return float(((noisy.double() - truth.double()) ** 2).sum()) / signal if signal else 0.0


def is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def is_alike(value: Tensor, other: Any) -> bool:
    return is_float(other) and value.shape == other.shape
