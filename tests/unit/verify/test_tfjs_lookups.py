"""Lookups in a model.json, as targets/tfjs reads them, which needs no runtime."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

READER = Path(__file__).parents[3] / "targets/tfjs/lookups.mjs"
PROGRAM = """
const { lookups } = await import(process.argv[1]);
const signature = { inputs: { "ids:0": { name: "ids:0" }, "mask:0": { name: "mask:0" } } };
console.log(JSON.stringify(await lookups({ signature }, process.argv[2])));
"""


def node(name: str, kind: str, *operands: str) -> dict[str, Any]:
    return {"name": name, "op": kind, **({"input": list(operands)} if operands else {})}


PLACEHOLDERS = [node("ids", "Placeholder"), node("mask", "Placeholder"), node("table", "Const"), node("axis", "Const")]
TOLD = [{"input": "ids:0", "table": "table", "rows": 50}]
# ids + rows * (ids < 0), as onnx2tf writes it
WRAPPED = [
    node("zero", "Const"),
    node("negative", "Less", "ids", "zero"),
    node("number", "Cast", "negative"),
    node("shift", "Mul", "number", "zero"),
    node("wrapped", "AddV2", "ids", "shift"),
]


def found(folder: Path, *nodes: dict[str, Any]) -> list[dict[str, Any]]:
    if shutil.which("node") is None:
        pytest.skip("no node on PATH; tests/integration/test_matrix.py runs the one that the engine installs")
    weights = [{"name": "table", "shape": [50, 4]}, {"name": "axis", "shape": []}, {"name": "zero", "shape": []}]
    model = {"modelTopology": {"node": [*PLACEHOLDERS, *nodes]}, "weightsManifest": [{"weights": weights}]}
    (folder / "model.json").write_text(json.dumps(model))
    command = ["node", "--input-type=module", "-e", PROGRAM, READER.as_uri(), str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(json.loads(told))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("y", "GatherV2", "table", "ids", "axis")],
        [node("a", "Cast", "ids:0"), node("b", "Reshape", "a"), node("y", "GatherV2", "table", "b", "axis", "^mask")],
        [node("same", "Identity", "table"), node("y", "GatherV2", "same", "ids", "axis")],
        [*WRAPPED, node("y", "GatherV2", "table", "wrapped", "axis")],
    ],
    ids=["directly", "handed on", "another name of the table", "negative ids wrapped"],
)
def test_a_lookup_of_an_input_is_found(tmp_path: Path, nodes: list[dict[str, Any]]) -> None:
    assert found(tmp_path, *nodes) == TOLD


@pytest.mark.parametrize(
    "nodes",
    [
        [node("a", "AddV2", "ids", "axis"), node("y", "GatherV2", "table", "a", "axis")],
        [node("a", "ArgMax", "ids"), node("y", "GatherV2", "table", "a", "axis")],
        [node("a", "Cast", "ids"), node("y", "GatherV2", "a", "axis", "axis")],
    ],
    ids=["shifted ids", "computed ids", "no table"],
)
def test_what_is_computed_is_no_lookup_of_an_input(tmp_path: Path, nodes: list[dict[str, Any]]) -> None:
    assert found(tmp_path, *nodes) == []
