"""A matrix of somebody else's names its logs: only regular files of its own logs/ are read, copied or linked to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.kept_logs import LARGEST, kept_log, read_log
from deploymatrix.matrix.records import Matrix
from deploymatrix.report.write import write_reports
from tests.fakes.matrices import make_cell
from tests.fakes.tree import Called, Tree

Call = Callable[..., Called]
SECRET = "a secret of the host"
ELSEWHERE = [
    "../secret.txt",
    "logs/../../secret.txt",
    "secret.txt",
    "/etc/passwd",
    "logs/../matrix.json",
    "logs/a/b.txt",
    "logs/a.html",
    "javascript:alert(1)",
    "logs/\x1b[2J.txt",
]


def planted(build: Path, log: str | None) -> Path:
    """A build folder with one red cell, which names this log; a secret lies beside the folder and in it."""
    (build / "logs").mkdir(parents=True)
    (build.parent / "secret.txt").write_text(SECRET)
    (build / "secret.txt").write_text(SECRET)
    write_matrix(Matrix(generator="x", isolation="process", cells=(make_cell("mlp", outcome="crashed"),)), build)
    data = json.loads((build / "matrix.json").read_text())
    data["cells"][0]["log"] = log
    (build / "matrix.json").write_text(json.dumps(data))
    return build


@pytest.mark.parametrize("log", ELSEWHERE)
def test_a_matrix_that_names_another_file_is_refused(call: Call, tree: Tree, log: str) -> None:
    planted(tree.build, log)

    done = call("explain", "mlp/*")

    assert done.code == 4
    assert "this is not a matrix of this version: cells.0.log" in done.err
    assert SECRET not in done.out + done.err


def link(build: Path) -> None:
    (build / "logs" / "a.txt").symlink_to(build / "secret.txt")


def linked_folder(build: Path) -> None:
    (build / "logs").rmdir()
    (build / "logs").symlink_to(build.parent / "elsewhere")
    (build.parent / "elsewhere").mkdir()
    (build.parent / "elsewhere" / "a.txt").write_text(SECRET)


def pipe(build: Path) -> None:
    os.mkfifo(build / "logs" / "a.txt")


@pytest.mark.parametrize("plant", [link, linked_folder, pipe])
def test_what_is_no_regular_file_is_neither_shown_nor_copied_nor_linked_to(
    call: Call, tree: Tree, plant: Callable[[Path], None]
) -> None:
    build = planted(tree.build, "logs/a.txt")
    plant(build)
    out = tree.root / "merged"

    shown, merged = call("explain", "mlp/*"), call("merge", str(build), "--out", str(out))

    assert kept_log(build, "logs/a.txt") is None
    assert SECRET not in shown.out + shown.err
    assert "mlp/onnx/fp32" in shown.out
    assert not (out / "logs").exists(), merged.err
    recorded = make_cell("mlp", outcome="crashed", log="logs/a.txt")
    write_matrix(Matrix(generator="x", isolation="process", cells=(recorded,)), build)
    assert "a.txt" not in page_data(build)


def page_data(build: Path) -> str:
    """What the report's panels know of the cells."""
    import base64
    import gzip
    import re

    (page,) = (path for path in write_reports(build / "matrix.json", build / "report") if path.name == "index.html")
    blocks = re.findall(r">([A-Za-z0-9+/=]{100,})<", page.read_text())
    return "".join(gzip.decompress(base64.b64decode(block)).decode() for block in blocks)


def test_a_log_that_is_there_is_shown_and_linked_to(call: Call, tree: Tree) -> None:
    build = planted(tree.build, "logs/a.txt")
    (build / "logs" / "a.txt").write_bytes(b"RuntimeError: \x1b]0;title\x07\x1b[2Jno such \xff operator\n")

    shown = call("explain", "mlp/*")

    assert "RuntimeError: no such \N{REPLACEMENT CHARACTER} operator" in shown.out
    assert "\x1b" not in shown.out
    assert "logs/a.txt" in page_data(build)


def test_of_a_log_without_end_the_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (tmp_path / "logs" / "a.txt").open("wb") as file:
        file.truncate(1 << 33)
        file.seek(0, os.SEEK_END)
        file.write(b"the end")

    text = read_log(tmp_path, "logs/a.txt")

    assert text.endswith("the end")
    assert len(text) == LARGEST
