"""What is said of how stable a cell's answers are."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.matrix.records import Cell
from deploymatrix.report.stability import stability
from tests.fakes.matrices import full_matrix


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"checks": ()}, ""),
        ({"checks": ("repeat", "load")}, "repeat, load: all answers alike"),
        ({"checks": ("order",), "drift": {"a": 1e-9, "b": 2.5e-7}}, "order; at most 2.5e-07 apart (b)"),
    ],
)
def test_the_output_that_varies_most_is_named(found: dict[str, Any], said: str) -> None:
    cell: Cell = next(cell for cell in full_matrix().cells if cell.outcome == "passed")

    assert stability(cell.model_copy(update={"drift": {}, **found})) == said
