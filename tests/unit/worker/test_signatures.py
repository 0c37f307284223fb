"""What an exporter may return as a signature, and what it is told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deploymatrix.worker.signatures import normalised
from deploymatrix.worker.spec import Dim, Spec, Tensor

SPEC = Spec(
    name="m",
    framework="f",
    family="test",
    variant="fp32",
    seed=1,
    calibrate=False,
    inputs=[Tensor("ids", "int64", (1, 8)), Tensor("mask", "bool", (1, 8))],
    outputs=[Tensor("y", "float32", (1, 2))],
    samples=[{"ids": np.zeros((1, 8), "int64"), "mask": np.ones((1, 8), "bool")}],
)
INPUTS = {"ids": "ids", "mask": "mask"}


def test_names_alone_are_filled_in_from_the_declaration() -> None:
    signature = normalised({"inputs": {"mask": "1", "ids": "0"}, "outputs": {"y": "0"}}, SPEC)

    assert signature == {
        "inputs": {
            "ids": {"name": "0", "dtype": "int64", "shape": [1, 8]},
            "mask": {"name": "1", "dtype": "bool", "shape": [1, 8]},
        },
        "outputs": {"y": {"name": "0", "dtype": "float32", "shape": [1, 2]}},
    }
    assert list(signature["inputs"]) == ["ids", "mask"]


def test_dtype_and_shape_of_the_artifact_win() -> None:
    own = {"name": "ids:0", "dtype": np.int32, "shape": (np.int64(8), 1)}

    signature = normalised({"inputs": {**INPUTS, "ids": own}, "outputs": {"y": "y"}}, SPEC)

    assert signature["inputs"]["ids"] == {"name": "ids:0", "dtype": "int32", "shape": [8, 1]}


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (None, "must return a signature with 'inputs' and 'outputs', not NoneType"),
        ({"inputs": INPUTS}, "not \\['inputs'\\]"),
        ({"inputs": INPUTS, "outputs": {}}, "outputs lack \\['y'\\]"),
        ({"inputs": {**INPUTS, "idz": "a"}, "outputs": {"y": "y"}}, "inputs name \\['idz'\\]"),
        (
            {"inputs": {"ids": "a", "mask": "a"}, "outputs": {"y": "y"}},
            "several declared names to .*\\['a'\\]",
        ),
        ({"inputs": {**INPUTS, "ids": 0}, "outputs": {"y": "y"}}, "inputs, 'ids': expected"),
        ({"inputs": {**INPUTS, "ids": {"dtype": "int32"}}, "outputs": {"y": "y"}}, "inputs, 'ids': expected"),
        ({"inputs": INPUTS, "outputs": {"y": {"name": "y", "dtype": "floaty"}}}, "outputs, 'y': .*floaty"),
        (
            {"inputs": INPUTS, "outputs": {"y": {"name": "y", "layout": "NHWC"}}},
            "unknown keys \\['layout'\\]",
        ),
        ({"inputs": list(INPUTS), "outputs": {"y": "y"}}, "must map declared names"),
    ],
)
def test_a_malformed_signature_is_refused(raw: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        normalised(raw, SPEC)


FREE = replace(
    SPEC,
    inputs=[Tensor("ids", "int64", ("batch", "time"))],
    outputs=[Tensor("y", "float32", ("batch", 2))],
    dims={"batch": Dim(1, 3, 3), "time": Dim(1, 32, 7)},
)


def test_a_free_axis_bears_its_dims_name() -> None:
    signature = normalised({"inputs": {"ids": "0"}, "outputs": {"y": "0"}}, FREE)

    assert signature["inputs"]["ids"]["shape"] == ["batch", "time"]
    assert signature["outputs"]["y"]["shape"] == ["batch", 2]


def test_a_fixed_dim_is_a_number_also_where_the_source_names_it() -> None:
    raw = {"inputs": {"ids": {"name": "0", "shape": ["batch", "time"]}}, "outputs": {"y": "0"}}

    signature = normalised(raw, FREE.fixed(["time"]), {"time": 7})

    assert signature["inputs"]["ids"]["shape"] == ["batch", 7]


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        (["batch", 7], r"axis 1 is 7, where the model has 'time': return static = \['time'\]"),
        (["time", "time"], "axis 0 is 'time', which is not the dim that the model declares there"),
    ],
)
def test_a_shape_must_not_hide_what_is_fixed(shape: list[Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        normalised({"inputs": {"ids": {"name": "0", "shape": shape}}, "outputs": {"y": "0"}}, FREE)
