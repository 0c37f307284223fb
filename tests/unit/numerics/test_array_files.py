"""The strict reader of .npz and .safetensors: what was written comes back, and everything else is told by name."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.numerics.array_files import read_arrays
from deploymatrix.numerics.npy import MalformedArray
from tests.fakes.safetensors import safetensors_bytes

DTYPES = st.sampled_from(["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"])
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@given(st.dictionaries(st.sampled_from("abc"), st.tuples(DTYPES, SHAPES), min_size=1), st.booleans())
def test_what_was_written_comes_back(tmp_path_factory: Any, declared: dict[str, Any], packed: bool) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    generator = np.random.default_rng(0)
    arrays = {name: generator.integers(0, 2, shape).astype(dtype) for name, (dtype, shape) in declared.items()}
    (np.savez_compressed if packed else np.savez)(folder / "a.npz", **arrays)
    (folder / "a.safetensors").write_bytes(safetensors_bytes(arrays))

    for name in ("a.npz", "a.safetensors"):
        found = read_arrays(folder / name)
        assert set(found) == set(arrays)
        for key, array in arrays.items():
            assert found[key].dtype == array.dtype and np.array_equal(found[key], array)


def test_other_orders_are_read_as_they_mean(tmp_path: Path) -> None:
    wide = np.arange(6, dtype=">f8").reshape(2, 3)
    np.savez(tmp_path / "a.npz", big=wide, fortran=np.asfortranarray(wide))

    found = read_arrays(tmp_path / "a.npz")

    assert found["big"].dtype == np.dtype("=f8")
    assert np.array_equal(found["big"], wide) and np.array_equal(found["fortran"], wide)


def test_a_link_to_a_file_is_followed_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones(2))
    (tmp_path / "link.npz").symlink_to(tmp_path / "a.npz")
    os.mkfifo(tmp_path / "pipe.npz")

    assert set(read_arrays(tmp_path / "link.npz")) == {"x"}
    with pytest.raises(MalformedArray, match="no regular file"):
        read_arrays(tmp_path / "pipe.npz")


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no zip"),
        (zipped({}), "no arrays"),
        (zipped({"x.npy": npy(np.array([{}], dtype=object))}), "x: .*never objects"),
        (zipped({"x.npy": npy(np.array(["text"]))}), "x: .*numbers"),
        (zipped({"x.npy": npy(np.ones(4))[:-8]}), "x: 24 bytes of values, where its header says 32"),
        (zipped({"x.npy": npy(np.ones(4)) + b"more"}), "x: 33 bytes"),
        (zipped({"x.npy": b"not an array"}), "x: it is no .npy file"),
        (zipped({"x.npy": npy(np.ones(1)), "x": npy(np.ones(1))}), "x is in it twice"),
        (zipped({"x.npy": npy(np.ones(400))})[:900], "damaged|no zip"),
    ],
)
def test_a_wrong_npz_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(MalformedArray, match=why):
        read_arrays(tmp_path / "a.npz")


def headed(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(start: int, stop: int, dtype: str = "F32", shape: Any = (1,)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "header is longer"),
        ((1 << 60).to_bytes(8, "little"), "header is longer"),
        (headed(b"[" * 5000), "no .safetensors"),
        (headed([]), "no object"),
        (headed({}), "no arrays"),
        (headed(b'{"x": 1, "x": 2}'), "twice"),
        (headed({"x": tensor(0, 4)}, b"abc"), "4 bytes|do not make|3 bytes"),
        (headed({"x": tensor(0, 4)}, b"abcdefgh"), "8 bytes of values, where its header says 4"),
        (headed({"x": tensor(0, 4), "y": tensor(2, 6)}, b"abcdef"), "y: its values overlap"),
        (headed({"x": tensor(4, 8)}, b"abcdefgh"), "x: .*hole"),
        (headed({"x": tensor(0, 2, "BF16")}, b"ab"), "x: BF16 is no dtype of numpy; save it as F32"),
        (headed({"x": tensor(0, 4, shape=(2,))}, b"abcd"), "x: 4 bytes of values do not make"),
        (headed({"x": tensor(0, 4, shape=(True,))}, b"abcd"), "x: 4 bytes of values do not make"),
        (headed({"x": tensor(0, 1, "BOOL")}, b"\2"), "x: a value that is neither"),
        (headed({"x": {"dtype": "F32", "shape": [1]}}, b"abcd"), "x: its header does not say where"),
    ],
)
def test_a_wrong_safetensors_file_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)

    with pytest.raises(MalformedArray, match=why):
        read_arrays(tmp_path / "a.safetensors")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(tmp_path_factory: Any, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.npz", "a.safetensors"):
        (folder / name).write_bytes(content)
        with pytest.raises(MalformedArray):
            read_arrays(folder / name)


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1000))
    monkeypatch.setattr("deploymatrix.numerics.array_files.MOST_BYTES", 4000)

    with pytest.raises(MalformedArray, match="are allowed"):
        read_arrays(tmp_path / "a.npz")
