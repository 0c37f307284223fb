from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploymatrix.verify.wire import read_outputs, wire_names, write_samples


def test_any_name_becomes_a_files_name_of_its_own() -> None:
    wires = wire_names(["x", "a/b:0", "a_b_0", "", "a/b:0 "])
    assert wires["x"] == "x"
    assert len(set(wires.values())) == 5
    assert not any(set("/: ") & set(wire) or not wire for wire in wires.values())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"not an array",
        b"\x93NUMPY\x01\x00\x3c\x00{'descr': '<f4', 'fortran_order': False, 'shape': (9**9,)}  ",
        b"\x93NUMPY\x01\x00\x3e\x00{'descr': '<f4', 'fortran_order': False, 'shape': (10000,)}    ",
    ],
)
def test_what_is_no_array_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "y.npy").write_bytes(content)

    with pytest.raises(ValueError):
        read_outputs(tmp_path, {"y": "y"})


def test_objects_of_a_runtime_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.array([{}], dtype=object))

    with pytest.raises(ValueError, match="not one of numbers"):
        read_outputs(tmp_path, {"y": "y"})


def test_samples_come_back_as_they_were_written(tmp_path: Path) -> None:
    sample = {"a/b": np.arange(6, dtype=np.int32).reshape(2, 3), "c": np.array(1.5)}
    names = wire_names(sample)

    write_samples(tmp_path, [sample], names)

    read = read_outputs(tmp_path / "0", names)
    assert {name: array.tolist() for name, array in read.items()} == {"a/b": [[0, 1, 2], [3, 4, 5]], "c": 1.5}
