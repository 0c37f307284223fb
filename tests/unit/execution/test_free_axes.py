"""A model with free axes, from its samples to the gate: judged at every size, or said to be fixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.execution.sampled import Sized
from deploymatrix.numerics.samples import draw
from deploymatrix.project.model_specs import Input
from tests.fakes.tree import Called, Tree

USUAL, ONE, FIVE = {"batch": 3}, {"batch": 1}, {"batch": 5}


def free(tree: Tree, options: str = "{}") -> None:
    """Let the batch of the model be free."""
    path = "models/linear/model.toml"
    text = (tree.root / path).read_text(encoding="utf-8").replace("[1, ", '["batch", ')
    tree.write(path, f"{text}\n[dims]\nbatch = [1, 3, 5]\n\n[routes.npz]\noptions = {options}\n")


def cell(tree: Tree, target: str = "npz") -> dict[str, Any]:
    matrix = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(cell for cell in matrix["cells"] if cell["target"] == target)
    return found


def test_an_artifact_is_judged_at_every_size(tree: Tree, call: Callable[..., Called]) -> None:
    free(tree)

    done = call("run", "--isolation", "process", "-t", "npz")

    found = cell(tree)
    assert (done.code, found["outcome"], found["static"]) == (OK, "passed", {})
    assert found["sizes"] == [USUAL] * 4 + [ONE, FIVE]
    assert found["samples"] == len(found["outputs"][0]["sample_errors"]) == 6
    assert found["outputs"][0]["shape"] == ["batch", 3]
    assert call("gate", "--no-static", "-t", "npz").code == OK


def test_a_fixed_artifact_is_judged_at_its_size_and_counted_as_such(tree: Tree, call: Callable[..., Called]) -> None:
    free(tree, '{ static = ["batch"] }')

    done = call("run", "--isolation", "process", "-t", "npz", "-t", "wrapped")

    for target in ("npz", "wrapped"):  # what is made from a fixed artifact is fixed, too
        found = cell(tree, target)
        assert (found["outcome"], found["static"], found["sizes"]) == ("passed", USUAL, [USUAL] * 4)
        assert found["outputs"][0]["shape"] == [3, 3]
    assert "2 of 2 cells passed, 2 of them at fixed sizes only" in done.out + done.err
    assert "§ static, at these fixed sizes only: batch=3" in done.out + done.err
    assert "static    batch=3" in call("explain", "linear/npz/fp32").out
    usual, strict = call("gate", "-t", "npz"), call("gate", "-t", "npz", "--no-static")
    assert (usual.code, strict.code) == (OK, GATE_FAILED)
    assert "1 passed (1 at fixed sizes only)" in usual.out
    assert "refused: linear/npz/fp32: passed at fixed sizes only (batch=3), which --no-static refuses" in strict.out


@pytest.mark.parametrize(
    ("fault", "outcome", "detail"),
    [
        ("one_row", "run_failed", "RuntimeError: the kernel needs two rows; at sample 4, which has batch=1"),
        ("one_row_wrong", "mismatch", "; sample 4 has batch=1"),
        (
            "export_claims_a_size",
            "export_failed",
            "axis 0 is 3, where the model has 'batch': return static = ['batch']",
        ),
    ],
)
def test_what_fails_at_one_size_is_red_and_names_it(
    tree: Tree, call: Callable[..., Called], fault: str, outcome: str, detail: str
) -> None:
    free(tree, f'{{ fault = "{fault}" }}')

    done = call("run", "--isolation", "process", "-t", "npz")

    found = cell(tree)
    assert (done.code, found["outcome"]) == (GATE_FAILED, outcome)
    assert detail in found["detail"]


def test_a_step_cannot_fix_what_is_no_dim(tree: Tree, call: Callable[..., Called]) -> None:
    free(tree, '{ static = ["time"] }')

    call("run", "--isolation", "process", "-t", "npz")

    assert "export() must return static as a list of names among ['batch'], not ['time']" in cell(tree)["detail"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"static": {}}, "it has 4 samples, the model 6"),
        ({"static": {"batch": 5}}, "it is fixed to batch=5; the model's usual sizes are batch=3"),
        ({"sizes": [FIVE] * 4}, "the sizes of its samples are not the model's"),
    ],
)
def test_a_record_that_hides_what_is_fixed_closes_the_gate(
    tree: Tree, call: Callable[..., Called], change: dict[str, Any], said: str
) -> None:
    free(tree, '{ static = ["batch"] }')
    ran = call("run", "--isolation", "process", "-t", "npz")
    assert ran.code == OK, ran.out + ran.err
    tree.change_record(change)

    done = call("gate", "-t", "npz")

    assert done.code == GATE_FAILED
    assert said in done.out


def test_a_sample_of_few_columns_does_not_turn_an_image_round() -> None:
    declared = Input.model_validate(
        {"name": "x", "dtype": "float32", "shape": ["batch", 3, "height", "width"], "values": "image"}
    )

    sized = Sized(declared, (2, 3, 5, 4))

    assert (sized.layout, sized.shape) == ("channels_first", (2, 3, 5, 4))
    assert draw(sized, [0, 0], 0).shape == (2, 3, 5, 4)


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ("choice", {"choice": [1.0, 2.0]}),
        ("one_hot", {}),
        ("log_normal", {}),
        ("padded_ids", {"dtype": "int64", "low": 1, "high": 9, "pad": 0}),
        ("sorted", {"low": 0, "high": 1}),
    ],
)
def test_every_distribution_is_drawn_at_the_sizes_of_a_sample(values: str, keys: dict[str, Any]) -> None:
    declared = {"name": "x", "dtype": "float32", "shape": ["batch", "time"], "values": values, **keys}

    drawn = draw(Sized(Input.model_validate(declared), (2, 7)), [0, 0], 0)

    assert drawn.shape == (2, 7)
