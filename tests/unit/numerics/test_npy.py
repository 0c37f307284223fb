"""The strict reader of .npy files: what numpy writes for numbers, and nothing else, whatever a runtime wrote."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from deploymatrix.numerics.answers_sent import sent_problem
from deploymatrix.numerics.npy import MalformedArray, check, read

KINDS = (
    nps.boolean_dtypes()
    | nps.integer_dtypes()
    | nps.unsigned_integer_dtypes()
    | nps.floating_dtypes(sizes=(16, 32, 64))
)


def written(array: Any, **how: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


GOOD = written(np.arange(6, dtype="float32").reshape(2, 3))


def with_header(text: str, data: bytes = b"", version: int = 1) -> bytes:
    encoded = text.encode("latin-1")
    return (
        b"\x93NUMPY" + bytes([version, 0]) + len(encoded).to_bytes(2 if version == 1 else 4, "little") + encoded + data
    )


@given(nps.arrays(KINDS, nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_what_numpy_writes_is_read_bit_by_bit(tmp_path_factory: pytest.TempPathFactory, array: Any) -> None:
    path = tmp_path_factory.mktemp("npy") / "x.npy"

    for given_array in (array, *([np.asfortranarray(array)] if array.ndim else [])):
        path.write_bytes(written(given_array))
        found = read(path)
        assert (found.shape, found.dtype) == (array.shape, array.dtype.newbyteorder("="))
        assert found.tobytes() == array.astype(found.dtype).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no array",
        GOOD[:-1],
        GOOD + b"x",
        GOOD[:20],
        written(np.array([{"a": 1}], dtype=object), allow_pickle=True),
        written(np.array(["text"])),
        written(np.zeros(2, dtype=[("a", "f4")])),
        written(np.array(["2020-01-01"], dtype="datetime64[D]")),
        with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }\n", b"\0" * 24),
        with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999, 99999999999999999), }\n"),
        with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}\n", b"\0" * 8),
        with_header("{'descr': '<f3', 'fortran_order': False, 'shape': (2,), }\n", b"\0" * 6),
        with_header("{'descr': '|V2', 'fortran_order': False, 'shape': (2,), }\n", b"\0" * 4),
        with_header("__import__('os').system('true')\n"),
        with_header("(" * 4000),
        with_header(" " * 60_000),
        with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 40 + "), }\n", b"\0" * 4),
        with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", b"\0" * 8, version=9),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"{" * 100,
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(data)

    for reading in (read, check):
        with pytest.raises(MalformedArray) as refused:
            reading(path)
        assert str(refused.value) and len(str(refused.value)) < 600


def test_neither_links_nor_pipes_are_opened(tmp_path: Path) -> None:
    (tmp_path / "real.npy").write_bytes(GOOD)
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    os.mkfifo(tmp_path / "pipe.npy")

    with pytest.raises(OSError):
        read(tmp_path / "link.npy")
    with pytest.raises(MalformedArray, match="no regular file"):
        read(tmp_path / "pipe.npy")


@settings(max_examples=2_000, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_file_gives_an_array_or_words(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 20))
    damaged = GOOD[:at] + data.draw(st.binary(max_size=20)) + GOOD[at + length :]
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    path.write_bytes(damaged)

    try:
        array = read(path)
    except MalformedArray:
        return
    assert array.nbytes <= len(damaged)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("0/y.npy", GOOD, ""),
        ("3/y.npy", GOOD, ""),
        ("again/load/0/y.npy", GOOD, ""),
        ("again/repeat-2/3/y.npy", GOOD, ""),
        ("4/y.npy", GOOD, "no answer"),
        ("0/z.npy", GOOD, "no answer"),
        ("00/y.npy", GOOD, "no answer"),
        ("again/y.npy", GOOD, "no answer"),
        ("again/other/0/y.npy", GOOD, "no answer"),
        ("again/load/0/more/y.npy", GOOD, "no answer"),
        ("0/y.npy", GOOD[:-1], "malformed"),
    ],
)
def test_only_answers_may_be_sent(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(data)

    problem = sent_problem(tmp_path, ["y"], samples=4)

    assert (words in problem) if words else problem == ""


def test_what_a_runtime_says_that_it_gave_must_be_there(tmp_path: Path) -> None:
    for sample in ("0", "1"):
        (tmp_path / sample).mkdir()
        (tmp_path / sample / "y.npy").write_bytes(GOOD)

    assert sent_problem(tmp_path, ["y", "z"], 2, ["y"]) == ""
    assert "'y', and sent none for sample 2" in sent_problem(tmp_path, ["y"], 3, ["y"])
    assert "'z'" in sent_problem(tmp_path, ["y", "z"], 2, ["y", "z"])
    assert "'../y'" in sent_problem(tmp_path, ["y"], 2, ["../y"])
