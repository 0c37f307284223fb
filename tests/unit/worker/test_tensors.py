"""Casts that refuse to change a value, and .npy files that Node and NumPy read alike."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.worker import tensors

WORKER = Path(__file__).parents[3] / "deploymatrix/worker"
DTYPES = ["float64", "float32", "int64", "int32", "int16", "int8", "uint8", "bool"]

FITTING = [
    ([1, -5], "int64", "int32"),
    ([1.0, 2.0], "float32", "int64"),
    ([0, 1], "int64", "bool"),
    ([True, False], "bool", "float32"),
    ([0.1, 1e-50], "float64", "float32"),
    ([float("nan"), float("inf")], "float64", "float32"),
    ([2**24], "int64", "float32"),
]
UNFITTING = [
    ([2**31], "int64", "int32"),
    ([-1], "int8", "uint8"),
    ([300], "int64", "int8"),
    ([0.5], "float32", "int64"),
    ([float("nan")], "float64", "int32"),
    ([1e300], "float64", "float32"),
    ([2**24 + 1], "int64", "float32"),
    ([2**53 + 1], "int64", "float64"),
    ([2], "int64", "bool"),
]


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on PATH: its casts and files cannot be compared")
    return found


@pytest.mark.parametrize(("values", "source", "target"), FITTING)
def test_cast_keeps_values(values: list[Any], source: str, target: str) -> None:
    cast = tensors.cast(np.array(values, dtype=source), target, "x")

    assert cast.dtype == target
    assert np.array_equal(cast, np.array(values, dtype=target), equal_nan=True)


@pytest.mark.parametrize(("values", "source", "target"), UNFITTING)
def test_cast_refuses_what_does_not_fit(values: list[Any], source: str, target: str) -> None:
    with pytest.raises(ValueError, match=rf"'x'.*{source}.*{target}"):
        tensors.cast(np.array(values, dtype=source), target, "x")


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3).T, np.asfortranarray(np.ones((2, 3))), np.float32(3)])
def test_a_tensor_is_written_in_the_order_that_node_reads(tmp_path: Path, array: Any) -> None:
    tensors.write(tmp_path / "0" / "y.npy", array)

    assert b"'fortran_order': False" in (tmp_path / "0" / "y.npy").read_bytes()
    read = np.load(tmp_path / "0" / "y.npy")
    assert (read.shape, read.dtype) == (array.shape, array.dtype)
    assert np.array_equal(read, array)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.sampled_from(DTYPES))
def test_a_cast_that_is_allowed_can_be_undone(values: list[int], dtype: str) -> None:
    array = np.array(values, dtype="int64")
    try:
        cast = tensors.cast(array, dtype, "x")
    except ValueError:
        return
    assert cast.astype("int64").tolist() == values
    assert [int(value) for value in cast.tolist()] == values


@pytest.mark.parametrize(("values", "source", "target"), FITTING + UNFITTING)
def test_node_casts_as_python_does(node: str, tmp_path: Path, values: list[Any], source: str, target: str) -> None:
    array = np.array(values, dtype=source)
    np.save(tmp_path / "in.npy", array)
    try:
        expected = tensors.cast(array, target, "x")
    except ValueError:
        expected = None

    through_node(node, tmp_path, target)

    if expected is None:
        assert not (tmp_path / "out.npy").exists()
    else:
        assert np.array_equal(np.load(tmp_path / "out.npy"), expected, equal_nan=True)


@pytest.mark.parametrize("dtype", [*DTYPES, "float16", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3), (1, 2, 1, 4)])
def test_node_gives_back_what_it_read(node: str, tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(np.prod(shape, dtype=int)) - 1).astype(dtype).reshape(shape)
    np.save(tmp_path / "in.npy", array)

    through_node(node, tmp_path, dtype)

    copy = np.load(tmp_path / "out.npy")
    assert copy.dtype == array.dtype and copy.shape == array.shape
    assert copy.tobytes() == array.tobytes()


@pytest.mark.parametrize("array", [np.ones((2, 3), order="F"), np.ones(2, dtype=">f4"), np.ones(2, "complex64")])
def test_node_refuses_what_it_cannot_read(node: str, tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "in.npy", array)

    complaint = through_node(node, tmp_path, str(array.dtype))

    assert "cannot read a tensor" in complaint
    assert not (tmp_path / "out.npy").exists()


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        tensors.write(tmp_path / "x.npy", np.array([{}], dtype=object))


def through_node(node: str, folder: Path, dtype: str) -> str:
    """in.npy cast to `dtype` into out.npy; what Node said on stderr."""
    code = f"""
        import {{ readNpy, writeNpy }} from {json.dumps((WORKER / "npy.mjs").as_uri())};
        import {{ cast }} from {json.dumps((WORKER / "tensors.mjs").as_uri())};
        writeNpy('out.npy', cast(readNpy('in.npy'), {json.dumps(dtype)}, 'x'));
    """
    command = [node, "--input-type=module", "-e", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr
