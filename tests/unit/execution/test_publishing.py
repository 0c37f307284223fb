"""Several runs in one build folder: none takes another one's matrix away without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.execution.publishing import Publisher
from deploymatrix.matrix.disagreement import Disagreements
from deploymatrix.matrix.files import MATRIX, read_matrix
from deploymatrix.matrix.measurements import Measurements
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.store.live_runs import announced

NOTHING = Disagreements(models=())
TIMES = Measurements(wall_s=1.0, exports=0, runs=0, parts={}, cells=())


def matrix(*targets: str, outcome: str = "passed") -> Matrix:
    cells = [
        Cell(model="linear", framework="numpy", family="tabular", target=t, variant="fp32", route=(), steps=(), **how)
        for t in targets
        for how in [{"outcome": outcome, "stage": "plan" if outcome == "missing" else None}]
    ]
    return Matrix(generator="test", isolation="process", cells=tuple(cells))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return tmp_path / "build"


def begun(build: Path, said: list[str], *targets: str) -> Publisher:
    publisher = Publisher(build, said.append)
    publisher.begin(matrix(*targets, outcome="missing"))
    return publisher


def test_a_run_alone_says_nothing(build: Path, said: list[str]) -> None:
    begun(build, said, "npz").end(matrix("npz"), TIMES, NOTHING)
    with announced(build, "again"):
        begun(build, said, "plain").end(matrix("plain"), TIMES, NOTHING)

    assert said == []
    assert read_matrix(build / MATRIX) == matrix("plain")
    assert [path.name for path in build.glob(".*")] == []


def test_a_second_run_hears_of_the_first_as_it_begins(build: Path, said: list[str]) -> None:
    with announced(build, "first"), announced(build, "second"):
        begun(build, said, "npz")

    assert len(said) == 1 and "another run is under way" in said[0]


def test_the_one_that_ends_last_says_what_it_replaces(build: Path, said: list[str]) -> None:
    first, second = begun(build, said, "npz", "plain"), begun(build, said, "plain", "wrapped")

    first.end(matrix("npz", "plain"), TIMES, NOTHING)
    assert said == []
    second.end(matrix("plain", "wrapped"), TIMES, NOTHING)

    assert read_matrix(build / MATRIX) == matrix("plain", "wrapped")
    (line,) = said
    assert "another run wrote its 2 cells meanwhile" in line and "1 are no longer in it (linear/npz/fp32, …)" in line


def test_two_runs_that_decide_the_same_have_nothing_to_say(build: Path, said: list[str]) -> None:
    first, second = begun(build, said, "npz"), begun(build, said, "npz")

    first.end(matrix("npz"), TIMES, NOTHING)
    second.end(matrix("npz"), TIMES, NOTHING)

    assert said == []


@pytest.mark.parametrize("left", [None, b"{", b""])
def test_a_matrix_that_is_gone_or_damaged_is_written_anew(build: Path, said: list[str], left: bytes | None) -> None:
    publisher = begun(build, said, "npz")
    (build / MATRIX).unlink() if left is None else (build / MATRIX).write_bytes(left)

    publisher.end(matrix("npz"), TIMES, NOTHING)

    assert (read_matrix(build / MATRIX), said) == (matrix("npz"), [])
