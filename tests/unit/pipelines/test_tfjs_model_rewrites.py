"""Rewrites of model.json for TensorFlow.js, which need no TensorFlow."""

from __future__ import annotations

import importlib.util
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


def test_what_is_right_stays_as_it_is(rewrites: Any) -> None:
    nodes = [
        {"name": "x", "op": "Placeholder"},
        {"name": "y", "op": "AddN", "input": ["x", "x"], "attr": FLOAT},
        {"name": "z", "op": "AddV2", "input": ["x", "y", "^x"], "attr": FLOAT},
    ]

    assert rewrites.rewrite(nodes) == []
    assert [node.get("input") for node in nodes] == [None, ["x", "x"], ["x", "y", "^x"]]
