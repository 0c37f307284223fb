from __future__ import annotations

import os
import struct
import zipfile
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


def test_samples_must_have_the_names_and_axes_of_the_first_and_may_have_other_sizes(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.npz" for name in ("first", "same", "wider", "deeper", "other")]
    shapes: list[dict[str, int | tuple[int, int]]] = [{"x": 2}, {"x": 2}, {"x": 3}, {"x": (2, 2)}, {"y": 2}]
    for file, arrays in zip(files, shapes, strict=True):
        np.savez(file, **{name: np.ones(size) for name, size in arrays.items()})

    assert len(read_samples(files[:3])) == 3
    for wrong in files[3:]:
        with pytest.raises(ConfigurationError, match="each file is one sample"):
            read_samples([files[0], wrong])


class Trap:
    """Unpickled, it leaves a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.canary),)


def test_a_pickle_in_an_array_is_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([Trap(tmp_path / "canary")], dtype=object))

    with pytest.raises(ConfigurationError, match="Python objects, which are never unpickled"):
        read_arrays(tmp_path / "a.npz")

    assert not (tmp_path / "canary").exists()


def write_npz(path: Path, *members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, content in enumerate(members):
            archive.writestr(f"x{index}.npy", content)
    return path


def npy_file(header: str, data: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", "holds 8 bytes, but declares"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "holds 8 bytes, but declares"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}" + 60_000 * " ", "Header info length"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': " + 900 * "(" + "}", "not a readable"),
        ("__import__('os').system('true')", "not a readable"),
    ],
)
def test_a_header_is_bounded_and_must_tell_the_truth(tmp_path: Path, header: str, words: str) -> None:
    file = write_npz(tmp_path / "a.npz", npy_file(header, 8 * b"\0"))

    with pytest.raises(ConfigurationError, match=words):
        read_arrays(file)


def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    zeros = bytes(1 << 20)
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(zipfile.ZipInfo("x.npy"), "w", force_zip64=True) as member,
    ):
        for _ in range(8):
            member.write(zeros)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content.replace(struct.pack("<I", 8 << 20), struct.pack("<I", (1 << 32) - 2)))

    with pytest.raises(ConfigurationError, match="a sample may have"):
        read_arrays(tmp_path / "a.npz")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")

    with pytest.raises(ConfigurationError, match="no regular file"):
        read_arrays(tmp_path / "a.npz")


def test_arrays_come_back_as_they_were_saved(tmp_path: Path) -> None:
    arrays = {
        "plain": np.arange(6, dtype=np.float32).reshape(2, 3),
        "other/order": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big.endian": np.arange(3, dtype=">i2"),
        "single": np.array(True),
        "none": np.zeros((0, 4), dtype=np.float16),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "b.npz", **arrays)

    for file in ("a.npz", "b.npz"):
        read = read_arrays(tmp_path / file)
        assert read.keys() == arrays.keys()
        assert all(np.array_equal(read[n], a) and read[n].dtype == a.dtype for n, a in arrays.items())
