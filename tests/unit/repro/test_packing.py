"""The zip of a bundle: the same bytes for the same files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from deploymatrix.repro.packing import write_folder, write_zip


def test_times_modes_and_order_do_not_change_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(b"x" * 100_000)
    write_zip({"b": file, "a/c": b"text"}, tmp_path / "one.zip")
    os.utime(file, (1, 1))
    file.chmod(0o600)
    write_zip({"a/c": b"text", "b": file}, tmp_path / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_zip_holds_what_was_given_readable_for_all(tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(bytes(range(256)))
    write_zip({"b": file, "a/c": b"text"}, tmp_path / "deep" / "out.zip")

    with zipfile.ZipFile(tmp_path / "deep" / "out.zip") as archive:
        assert archive.namelist() == ["a/c", "b"]
        assert archive.read("b") == bytes(range(256))
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o644}


def test_a_zip_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_zip({"a": b"text", "b": tmp_path / "gone"}, tmp_path / "out.zip")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_holds_the_same_files(tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(b"bytes")

    write_folder({"a/b/c": file, "d": b"text"}, tmp_path / "out")

    assert (tmp_path / "out" / "a/b/c").read_bytes() == b"bytes"
    assert (tmp_path / "out" / "d").read_bytes() == b"text"
