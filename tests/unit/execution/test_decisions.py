"""Integers of what is quantised: the graph may decide a few otherwise than float64, the runtime none than its graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.output_records import DecisionsRecord
from deploymatrix.matrix.records import Cell
from tests.fakes.decided import edit
from tests.fakes.tree import Called, Tree
from tests.unit.execution.test_evaluation import EVALUATE, PIPELINE, STEP, VARIANT

SELECTED = ("-t", "npz", "-v", "int8")
SIGNS = '"right": np.sign(x @ session["right"]).astype("int64")'
THREE_LEVELS = 'scale = np.abs(arrays[name]).max() / (127 if name == "left" else 1)'


@pytest.fixture
def deciding(tree: Tree) -> Tree:
    """The tiny project whose output `right` is of signs, and is made of three levels in a variant."""
    tree.change("models/linear/model.toml", 'name = "right"\ndtype = "float32"', 'name = "right"\ndtype = "int64"')
    answers = '{"left": x @ session["left"], ' + SIGNS + "}"
    tree.append(
        "pipelines/frameworks/numpy/framework.py",
        "\n\ndef reference(model, spec, weights, dtype):\n"
        "    session = {name: matrix.astype(dtype) for name, matrix in open(model, spec, weights).items()}\n"
        f'    return [{answers} for x in (sample["x"].astype(dtype) for sample in spec.samples)]\n',
    )
    run = f'\n\ndef run(session, inputs):\n    x = inputs["x"]\n    return {answers}\n'
    tree.append("targets/npz/run.py", run)
    tree.write("pipelines/npz/evaluate.py", EVALUATE + run.replace('inputs["x"]', 'inputs["x"].astype("float64")'))
    tree.write("pipelines/variants/int8.toml", VARIANT + "flipped = 0.1\n")
    tree.append("pipelines/npz/pipeline.toml", PIPELINE)
    tree.write("pipelines/npz/from_npz.py", STEP.replace("scale = np.abs(arrays[name]).max() / 127", THREE_LEVELS))
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "int8"]')
    return tree


def decided(tree: Tree, call: Callable[..., Called]) -> tuple[Cell, DecisionsRecord]:
    call("run", "--isolation", "process", *SELECTED)
    (cell,) = read_matrix(tree.build / "matrix.json").cells
    found = cell.outputs[1].decisions
    assert found is not None
    return cell, found


def test_a_graph_may_decide_a_few_otherwise(deciding: Tree, call: Callable[..., Called]) -> None:
    cell, found = decided(deciding, call)

    assert (cell.outcome, found.values, found.unfaithful) == ("passed", 12, 0.0)
    assert 0 < found.lost == found.answered < found.limit == pytest.approx(0.1 + 3 * (0.09 / 12) ** 0.5)
    assert call("gate", *SELECTED).code == OK
    assert "of 12 values are decided otherwise: by the graph" in call("explain", cell.name).out


def test_where_the_variant_allows_none_it_is_a_loss(deciding: Tree, call: Callable[..., Called]) -> None:
    deciding.write("pipelines/variants/int8.toml", VARIANT)

    cell, _ = decided(deciding, call)

    assert (cell.said, cell.blame) == ("mismatch (loss)", "npz/from_npz (int8)")
    assert "right: the graph decides" in cell.detail


def test_a_runtime_that_decides_otherwise_does_not_run_its_graph(deciding: Tree, call: Callable[..., Called]) -> None:
    deciding.append("targets/npz/run.py", "\n\ndef load(payload):\n    a = dict(np.load(payload))\n")
    deciding.append("targets/npz/run.py", '    return {**a, "right": a["right"] * np.float32([-1, 1, 1])}\n')

    cell, found = decided(deciding, call)

    assert (cell.said, cell.blame) == ("mismatch (fidelity)", "runtime npz")
    assert found.unfaithful == pytest.approx(1 / 3) and found.lost <= found.limit


EDITED: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0.9}, "right: its limit of decisions is 0.9, the project's 0.36"),
    ({"values": 1, "limit": 1.0}, "right: it has 12 values, and figures of 1 decisions"),
    ({"unfaithful": 0.1}, "its figures say mismatch, not passed: right: its runtime decides 0.1 otherwise"),
    ({"lost": 0.5}, "its figures say mismatch, not passed: right: its graph decides 0.5 otherwise"),
    ({"answered": 0.0}, "and 0 of its values are not those of float64"),
    ({"lost": 0.0}, "of its values are not those of float64: more than its graph and rounding change"),
]


def test_the_gate_believes_figures(deciding: Tree, call: Callable[..., Called]) -> None:
    _, found = decided(deciding, call)

    for change, said in EDITED:
        edit(deciding, lambda cell, change=change: cell["outputs"][1]["decisions"].update(dict(found) | change))
        done = call("gate", *SELECTED)
        assert done.code == GATE_FAILED and said in done.out
