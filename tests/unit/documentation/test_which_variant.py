"""The table of variants and runtimes: its figures, the rules of its advice, and where it is written."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deploymatrix.matrix.beside import with_ratios
from deploymatrix.matrix.measurements import Measurement, Measurements
from deploymatrix.matrix.records import Artifact, Matrix
from deploymatrix.store.files import write_json
from tests.fakes.matrices import expectation, make_cell, make_matrix
from tests.imported import REPOSITORY

SIZE = 1000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = REPOSITORY / "docs" / "which_variant.py"
    spec = importlib.util.spec_from_file_location("which_variant", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def measured(size: float, time: float | None, *, wrong: int = 0) -> tuple[Matrix, dict[str, Measurement]]:
    """Four models in float32 and in one variant with these shares; `wrong` of the variant's cells are a mismatch."""
    cells, times = [], []
    for number, model in enumerate(("a", "b", "c", "d")):
        for variant, own, seconds in (("fp32", 1.0, 1.0), ("int8", size, time)):
            outcome: Any = "mismatch" if variant == "int8" and number < wrong else "passed"
            artifact = Artifact(sha256=variant, bytes=int(SIZE * own))
            cells.append(make_cell(model, "onnx", variant, outcome, artifact=artifact))
            times.append(Measurement(cell=cells[-1].name, cached=False, run_s=seconds, fastest_s=seconds, eager_s=1.0))
    matrix = make_matrix(*cells)
    return matrix, {each.cell: each for each in with_ratios(times, matrix.cells)}


@pytest.mark.parametrize(
    ("size", "time", "advice"),
    [
        (0.26, 0.6, "take"),
        (0.5, 1.1, "for size"),
        (0.5, None, "for size"),
        (0.26, 4.2, "size for time"),
        (0.98, 0.6, "for speed"),
        (0.98, 1.1, "no gain"),
        (0.9, 0.95, "no gain"),
        (0.98, None, "unclear"),
    ],
)
def test_advice_follows_from_size_and_time(script: ModuleType, size: float, time: float | None, advice: str) -> None:
    [summary] = script.summaries(*measured(size, time))

    assert summary.advice == advice


def test_what_is_often_wrong_is_taken_with_care_and_what_is_never_right_not_at_all(script: ModuleType) -> None:
    assert next(script.summaries(*measured(0.26, 0.6, wrong=1))).advice == "take, with care"
    assert next(script.summaries(*measured(0.26, 0.6, wrong=4))).advice == "not right"


def test_a_row_counts_cells_and_has_the_figures_of_those_that_passed(script: ModuleType) -> None:
    matrix, times = measured(0.26, 0.6, wrong=1)
    entry = expectation("e/onnx/int8", "unsupported")
    without = make_cell("e", "onnx", "int8", "unsupported", verdict="expected", expectation=entry)

    [summary] = script.summaries(make_matrix(*matrix.cells, without), times)

    assert script.entries(summary) == [
        *("onnx", "int8", "3", "", "1", "1", "0.26", "0.6", "118", "118", "", "take, with care")
    ]


def test_what_no_step_makes_has_no_advice(script: ModuleType) -> None:
    [summary] = script.summaries(make_matrix(make_cell(variant="int8", outcome="unsupported")), {})

    assert script.entries(summary)[-1] == "–"


def test_page_and_readme_are_written_and_checked(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix, times = measured(0.26, 0.6)
    write_json(tmp_path / "matrix.json", matrix.model_dump(mode="json"))
    every = Measurements(wall_s=1.0, exports=8, runs=8, cells=tuple(times.values()))
    write_json(tmp_path / "measurements.json", every.model_dump(mode="json"))
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{script.BEGIN}old\n{script.END}after\n", encoding="utf-8")
    monkeypatch.setattr(script, "PAGE", tmp_path / "which-variant.md")
    monkeypatch.setattr(script, "README", readme)

    def call(*options: str) -> int:
        monkeypatch.setattr(sys, "argv", ["which_variant.py", str(tmp_path / "matrix.json"), *options])
        result: int = script.main()
        return result

    assert (call("--check"), call(), call("--check")) == (1, 0, 0)
    assert "which-variant.md is not what" in capsys.readouterr().out
    assert "| onnx | int8 | 4 |" in (tmp_path / "which-variant.md").read_text(encoding="utf-8")
    assert readme.read_text(encoding="utf-8") == (
        f"before\n{script.BEGIN}\n| variant | onnx |\n| --- | --- |\n| int8 | take |\n{script.END}after\n"
    )


def test_a_readme_without_the_markers_is_refused(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"README\.md must hold <!-- which variant -->"):
        script.readme("no markers", make_matrix(), {})
