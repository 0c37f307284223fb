from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.arrays import read_arrays, read_samples


def test_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array(["word", {}], dtype=object))
    with pytest.raises(ConfigurationError, match=r"not a readable \.npz"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"not a zip"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"a\.npz: not a readable \.npz"):
        read_arrays(tmp_path / "a.npz")


def test_a_lone_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(2))
    with pytest.raises(ConfigurationError, match=r"not a readable \.npz"):
        read_arrays(tmp_path / "a.npy")


def test_strings_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array(["word"]))
    with pytest.raises(ConfigurationError, match="neither a number nor a boolean"):
        read_arrays(tmp_path / "a.npz")


def test_samples_must_have_the_names_and_shapes_of_the_first(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.npz" for name in ("first", "same", "wider", "other")]
    for file, arrays in zip(files, ({"x": 2}, {"x": 2}, {"x": 3}, {"y": 2}), strict=True):
        np.savez(file, **{name: np.ones(size) for name, size in arrays.items()})

    assert len(read_samples(files[:2])) == 2
    for wrong in files[2:]:
        with pytest.raises(ConfigurationError, match="each file is one sample"):
            read_samples([files[0], wrong])
