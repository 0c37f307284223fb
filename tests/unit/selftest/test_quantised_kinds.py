"""The kinds of mutants of quantised artifacts: which cells must reveal them, and who makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.selftest.kinds import COARSE, FEW_LEVELS, KINDS
from tests.unit.selftest.test_sources import kinds_in

PIPELINES = Path(__file__).resolve().parents[3] / "pipelines"
FORMATS = sorted(PIPELINES.glob("*/mutants/quantised_mutant.py"))


def of(maker: str) -> set[str]:
    return {kind.name for kind in KINDS.values() if kind.maker == maker}


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.parts[-3])
def test_a_format_makes_no_kind_that_nobody_promises(path: Path) -> None:
    assert kinds_in(path, "KINDS") <= of("quantised")


def test_every_promised_kind_is_made() -> None:
    assert len(FORMATS) >= 2
    assert set.union(*(kinds_in(path, "KINDS") for path in FORMATS)) == of("quantised")
    assert kinds_in(PIPELINES / "variants" / "calibration_mutant.py", "KINDS") == of("calibration")


def test_few_levels_must_reveal_what_is_coarse_and_what_is_wrong_with_the_levels() -> None:
    fitting = {kind.name for kind in KINDS.values() if kind.fits("noise")}

    assert fitting == COARSE | of("quantised") | of("calibration")
    assert KINDS.keys() >= COARSE
    assert not {"tensor-1.001", "float16-answer", "slice-0.99"} & fitting


def test_float32_has_no_levels() -> None:
    rounding = {kind.maker for kind in KINDS.values() if kind.fits("rounding")}

    assert rounding == {"weight", "graph", "artifact", "answer"}
    assert {kind.family for kind in KINDS.values() if kind.maker in FEW_LEVELS} == {"quantised"}
