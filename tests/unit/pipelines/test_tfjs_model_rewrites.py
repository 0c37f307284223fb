"""Rewrites of model.json for TensorFlow.js, which need no TensorFlow."""

from __future__ import annotations

import importlib.util
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "pipelines/tfjs/model_rewrites.py"
FLOAT = {"T": {"type": "DT_FLOAT"}}


@pytest.fixture(scope="module")
def rewrites() -> Any:
    spec = importlib.util.spec_from_file_location("model_rewrites", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_control_input_of_a_list_goes_to_an_identity_before_it(rewrites: Any) -> None:
    nodes = [{"name": "sum", "op": "AddN", "input": ["a", "b:1", "^counter"], "attr": FLOAT}]

    repairs = rewrites.rewrite(nodes)

    assert repairs == ["tfjs-control-inputs"]
    assert nodes == [
        {"name": "sum", "op": "AddN", "input": ["sum/Identity", "b:1"], "attr": FLOAT},
        {"name": "sum/Identity", "op": "Identity", "input": ["a", "^counter"], "attr": FLOAT},
    ]


@pytest.mark.parametrize(
    ("kind", "copy", "attributes"), [("DT_FLOAT", "Maximum", {"T": {"type": "DT_FLOAT"}}), ("DT_BOOL", "LogicalOr", {})]
)
def test_an_update_gets_a_copy(rewrites: Any, kind: str, copy: str, attributes: dict[str, Any]) -> None:
    scatter = {"name": "s", "op": "TensorScatterUpdate", "input": ["t", "i", "u"], "attr": {"T": {"type": kind}}}
    nodes = [scatter]

    repairs = rewrites.rewrite(nodes)

    assert repairs == ["tfjs-scatter-in-place"]
    assert scatter["input"] == [f"s/{copy}", "i", "u"]
    assert nodes[1] == {"name": f"s/{copy}", "op": copy, "input": ["t", "t"], "attr": attributes}


def fused(bias: str, *words: str) -> dict[str, Any]:
    encoded = [b64encode(word.encode()).decode() for word in words]
    attributes = {**FLOAT, "num_args": {"i": "1"}, "fused_ops": {"list": {"s": encoded}}, "padding": {"s": "U0FNRQ=="}}
    return {"name": "y", "op": "_FusedConv2D", "input": ["x", "w", bias], "attr": attributes}


def constant(name: str, *shape: int) -> dict[str, Any]:
    dims = [{"size": str(size)} for size in shape]
    return {"name": name, "op": "Const", "attr": {"value": {"tensor": {"tensorShape": {"dim": dims} if dims else {}}}}}


def test_a_bias_that_is_no_vector_is_added_alone(rewrites: Any) -> None:
    node, scalar = fused("three", "BiasAdd", "Relu6"), constant("three")
    nodes = [scalar, node]

    assert rewrites.rewrite(nodes) == ["tfjs-fused-bias"]
    assert nodes == [
        scalar,
        {"name": "y", "op": "Relu6", "input": ["y/AddV2"], "attr": FLOAT},
        {"name": "y/Conv2D", "op": "Conv2D", "input": ["x", "w"], "attr": {**FLOAT, "padding": {"s": "U0FNRQ=="}}},
        {"name": "y/AddV2", "op": "AddV2", "input": ["y/Conv2D", "three"], "attr": FLOAT},
    ]


def test_a_computed_bias_without_activation_is_added_alone(rewrites: Any) -> None:
    node = fused("z:1", "BiasAdd")

    assert rewrites.rewrite([{"name": "z", "op": "MatMul"}, node]) == ["tfjs-fused-bias"]
    assert (node["op"], node["input"]) == ("AddV2", ["y/Conv2D", "z:1"])


@pytest.mark.parametrize("words", [("BiasAdd",), ("BiasAdd", "Relu")])
def test_a_bias_that_is_a_vector_stays_fused(rewrites: Any, words: tuple[str, ...]) -> None:
    assert rewrites.rewrite([constant("b", 8), fused("b", *words)]) == []


def test_what_is_right_stays_as_it_is(rewrites: Any) -> None:
    nodes = [
        {"name": "x", "op": "Placeholder"},
        {"name": "y", "op": "AddN", "input": ["x", "x"], "attr": FLOAT},
        {"name": "z", "op": "AddV2", "input": ["x", "y", "^x"], "attr": FLOAT},
    ]

    assert rewrites.rewrite(nodes) == []
    assert [node.get("input") for node in nodes] == [None, ["x", "x"], ["x", "y", "^x"]]
