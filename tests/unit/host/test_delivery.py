"""Files that come over the channel, or are left on the disk: taken if they are what they may be, refused in words."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.host.delivery import Delivery, NotDelivered
from deploymatrix.host.intake import check_left, remove


def file(path: str, data: bytes, size: int | None = None) -> bytes:
    return json.dumps({"path": path, "bytes": len(data) if size is None else size}).encode() + b"\n" + data


def delivered(folder: Path, *pieces: bytes, most: int = 10_000) -> str:
    delivery = Delivery(folder / "out", most)
    for piece in pieces:
        delivery.feed(piece)
    return delivery.end()


def test_files_are_written_below_the_folder(tmp_path: Path) -> None:
    stream = file("0/y.npy", b"one\n{}") + file("again/load/0/y.npy", b"") + file("a b/ü", b"three")

    for size in (1, 7, len(stream)):
        out = tmp_path / str(size)
        assert delivered(out, *(stream[at : at + size] for at in range(0, len(stream), size))) == ""
        found = {p.relative_to(out / "out").as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        assert found == {"0/y.npy": b"one\n{}", "again/load/0/y.npy": b"", "a b/ü": b"three"}


@pytest.mark.parametrize(
    "name",
    [
        "../y.npy",
        "/etc/passwd",
        "a/../../b",
        ".",
        "..",
        "",
        "a//b",
        "a/",
        "a\0b",
        "a\nb",
        "\x1b[2J",
        "x" * 300,
        "a/" * 20,
    ],
)
def test_a_path_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    problem = delivered(tmp_path, file(name, b"x"))

    assert problem
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"no json\n", "a file's line that is none"),
        (b'{"path": "a"}\n', "a file's line that is none"),
        (b'{"path": "a", "bytes": -1}\n', "a file's line that is none"),
        (b'{"path": "a", "bytes": 1, "mode": 511}\n', "a file's line that is none"),
        (b"x" * 5000, "more than 4096 bytes"),
        (file("a", b"x", size=2), "in the middle of a file"),
        (file("a", b"x") + file("a", b"y"), "twice"),
        (file("a", b"x") + file("a/b", b"y"), "twice, or as a file and as a folder"),
        (file("a", b"x" * 20_000), "more than the 10,000 bytes"),
        (b'{"path": "a"', "in the middle"),
    ],
)
def test_what_is_malformed_is_refused_in_words(tmp_path: Path, stream: bytes, words: str) -> None:
    assert words in delivered(tmp_path, stream)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_nothing_that_is_sent_raises(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")

    problem = delivered(folder, *pieces)

    assert problem or b"".join(pieces) == b""


def link(folder: Path) -> None:
    (folder / "out").symlink_to("/etc")


def file_link(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/y.npy").symlink_to("/etc/passwd")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "out")


def hard_link(folder: Path) -> None:
    (folder / "elsewhere").write_text("of another")
    (folder / "out").mkdir()
    os.link(folder / "elsewhere", folder / "out/y.npy")


def bound_socket(folder: Path) -> None:
    (folder / "out").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "out/s"))


def deep(folder: Path) -> None:
    for _ in range(3000):  # deeper than Python calls itself, and than a path is long
        os.mkdir("d")
        os.chdir("d")
    os.chdir(folder)


@pytest.mark.parametrize(
    ("leave", "words"),
    [
        (deep, "16 deep"),
        (link, "a symbolic link"),
        (file_link, "a symbolic link"),
        (pipe, "a named pipe"),
        (hard_link, "another name elsewhere"),
        (bound_socket, "a socket"),
    ],
)
def test_what_is_left_on_the_disk_must_be_files_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: Callable[[Path], None], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    leave(tmp_path)

    with pytest.raises(NotDelivered, match=words):
        check_left(tmp_path)
    remove(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_files_and_folders_are_taken_and_nothing_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "out/variables").mkdir(parents=True)
    (tmp_path / "out/variables/data").write_bytes(b"x")

    check_left(tmp_path / "out")
    check_left(tmp_path / "not there")
