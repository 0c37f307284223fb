"""`deploymatrix report`: which files it writes, from what, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploymatrix.errors import INCOMPLETE, IncompleteRun
from deploymatrix.report.write import write_reports
from tests.fakes.matrices import earlier_matrix, full_matrix, make_cell, make_matrix, write_run

FILES = {"index.html", "matrix.md", "junit.xml", "summary.md", "annotations.txt"}


def report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploymatrix", "--build-dir", str(folder), "report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_reports_of_the_last_run_are_written_beside_it(tmp_path: Path) -> None:
    write_run(tmp_path, full_matrix())
    done = report(tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "report"
    badges = {
        f"badges/{target}.json" for target in ("executorch", "litert", "onnx", "savedmodel", "tfjs", "torchscript")
    }
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == FILES | badges
    assert set(done.stdout.split()) == {str(out / name) for name in FILES | badges}


def test_another_matrix_with_history_into_another_folder(tmp_path: Path) -> None:
    now, before = (
        write_run(tmp_path / "now", full_matrix()),
        write_run(tmp_path / "v0.9", earlier_matrix(full_matrix())),
    )
    done = report(tmp_path, "--from", str(now), "--history", str(before), "--out", str(tmp_path / "to"))
    assert done.returncode == 0, done.stderr
    assert '"history":["v0.9"]' in (tmp_path / "to" / "index.html").read_text(encoding="utf-8")


def test_without_a_matrix_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = report(tmp_path)
    assert done.returncode == INCOMPLETE
    assert "deploymatrix run" in done.stderr


def test_the_matrix_alone_is_enough(tmp_path: Path) -> None:
    source = write_run(tmp_path, make_matrix(make_cell()))
    (tmp_path / "measurements.json").unlink()
    assert {path.name for path in write_reports(source, tmp_path / "out")} == {*FILES, "onnx.json"}


def test_broken_measurements_are_not_passed_over(tmp_path: Path) -> None:
    source = write_run(tmp_path, make_matrix(make_cell()))
    (tmp_path / "measurements.json").write_text("{}", encoding="utf-8")
    with pytest.raises(IncompleteRun, match="measurements of this version"):
        write_reports(source, tmp_path / "out")


def test_an_empty_matrix_gives_empty_reports(tmp_path: Path) -> None:
    source = write_run(tmp_path, make_matrix())
    written = {path.name: path for path in write_reports(source, tmp_path / "out")}
    assert written["annotations.txt"].read_text(encoding="utf-8") == ""
    assert set(written) == FILES
