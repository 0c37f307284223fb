"""Size, time and memory of a variant beside those in full precision: what is divided, and where nothing is said."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.matrix.beside import latency_beside, with_ratios, with_size_ratios
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Artifact, Cell
from tests.fakes.matrices import make_cell

FP32 = make_cell(artifact=Artifact(sha256="a", bytes=1000))
INT8 = make_cell(variant="int8-static", beside="fp32", artifact=Artifact(sha256="b", bytes=255))


def times(cell: Cell, run_s: float | None = 3e-3, eager_s: float | None = 1e-3, **more: Any) -> Measurement:
    return Measurement(cell=cell.name, cached=False, run_s=run_s, eager_s=eager_s, **more)


def test_a_size_stands_beside_that_of_the_same_model_and_target() -> None:
    elsewhere = make_cell(target="litert", artifact=Artifact(sha256="c", bytes=1))

    ratios = {cell.name: cell.size_ratio for cell in with_size_ratios([INT8, elsewhere, FP32])}

    assert ratios == {"mlp/onnx/int8-static": 0.255, "mlp/onnx/fp32": None, "mlp/litert/fp32": None}


@pytest.mark.parametrize(
    "others",
    [
        [],
        [FP32.model_copy(update={"artifact": None})],
        [make_cell("lstm")],
        [FP32.model_copy(update={"artifact": Artifact(sha256="a", bytes=0)})],
    ],
    ids=["not planned", "no artifact", "another model", "nothing in it"],
)
def test_without_the_cell_beside_it_no_size_is_said(others: list[Cell]) -> None:
    stale = INT8.model_copy(update={"size_ratio": 0.5})

    assert with_size_ratios([stale, *others])[0].size_ratio is None


def test_times_and_memory_stand_beside_those_in_full_precision() -> None:
    measured = [times(FP32, 4e-3, peak_mb=50.0), times(INT8, 3e-3, peak_mb=40.0)]

    whole, quantised = with_ratios(measured, [FP32, INT8])

    assert (quantised.latency_ratio, quantised.memory_ratio) == (0.75, 0.8)
    assert (whole.latency_ratio, whole.memory_ratio) == (None, None)


def test_times_of_two_machines_are_not_divided() -> None:
    assert latency_beside(times(INT8, eager_s=1e-3), times(FP32, eager_s=1.1e-3)) is None
    assert latency_beside(times(INT8, run_s=None), times(FP32)) is None
    assert latency_beside(times(INT8), None) is None
    assert latency_beside(times(INT8), times(FP32)) == 1
