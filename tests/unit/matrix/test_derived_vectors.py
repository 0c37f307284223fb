"""What the comparison decides and what the gate derives from its figures are one, over all vectors: neither may be red
where the other is green."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.matrix.derived import contradictions
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Cell
from deploymatrix.numerics.failing import failing
from deploymatrix.numerics.stability import judge
from tests.fakes.matrices import STAGES, make_cell
from tests.vectors.reading import CASES, NOISE, STABILITY, answers_of, limits_of


def recorded(case: dict[str, Any], folder: Path) -> Cell:
    """The cell as a run would record it."""
    answers = answers_of(case, folder)
    found = judge(answers, limits_of(case))
    return make_cell("mlp", "onnx").model_copy(
        update={
            "outcome": found.outcome,
            "stage": STAGES[found.outcome],
            "samples": answers.samples,
            "outputs": tuple(OutputRecord.model_validate(asdict(output)) for output in found.outputs),
            "drift": found.drift,
            "fails": failing(found.outputs) if found.outcome == "mismatch" else (),
        }
    )


@pytest.mark.parametrize("case", [*CASES, *STABILITY, *NOISE], ids=lambda case: case["name"])
def test_the_figures_of_a_comparison_bear_what_it_decided(tmp_path: Path, case: dict[str, Any]) -> None:
    cell = recorded(case, tmp_path)

    halves = frozenset(
        output.name for output in cell.outputs if output.dtype == "float16" and "own float16" in case["name"]
    )
    assert contradictions(cell, limits_of(case), halves) == ([] if cell.samples else ["it has no samples"])


@pytest.mark.parametrize("case", [*CASES, *STABILITY, *NOISE], ids=lambda case: case["name"])
def test_the_figures_of_a_comparison_bear_no_other_word(tmp_path: Path, case: dict[str, Any]) -> None:
    cell = recorded(case, tmp_path)
    other = "mismatch" if cell.outcome == "passed" else "passed"

    lines = contradictions(cell.model_copy(update={"outcome": other, "stage": STAGES[other]}), limits_of(case))

    assert any(line.startswith("its figures say ") for line in lines)
