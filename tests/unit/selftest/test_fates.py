"""What becomes of mutants: fates, rates, goals and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.compare import Answers
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.model_specs import Tensor
from deploymatrix.selftest.judging import distance, fate_of, judge
from deploymatrix.selftest.kinds import KINDS, pick_kinds
from deploymatrix.selftest.records import Again, Mutant, Reds, SelfTest
from deploymatrix.selftest.tables import mutants_markdown, reds_markdown

LIMITS = Limits(multiple=12.0, floor=2e-6, ceiling=5e-4)
OUTPUT = Tensor(name="y", dtype="float32", shape=(1, 4))
EXACT = np.array([[1.0, -2.0, 3.0, 4.0]])


def answers(folder: Path, *errors: float) -> Answers:
    """Four samples whose eager float32 is off by 1e-7 of the largest, and whose answers are off by `errors` of it."""
    for index, error in enumerate(errors):
        for side in ("actual", "reference"):
            (folder / side / str(index)).mkdir(parents=True)
        off = np.array([[0, 0, 0, 4.0]])
        np.save(folder / "actual" / str(index) / "y.npy", (EXACT + error * off).astype(np.float32))
        np.save(folder / "reference" / str(index) / "y.float64.npy", EXACT)
        np.save(folder / "reference" / str(index) / "y.float32.npy", (EXACT + 2e-7 * off).astype(np.float32))
    return Answers(actual=folder / "actual", reference=folder / "reference", samples=len(errors), declared=(OUTPUT,))


def mutant(fate: str, family: str = "structural", kind: str = "relu-clipped", **more: Any) -> Mutant:
    given = {"model": "m", "target": "onnx", "format": "onnx", "change": "layer", "outcome": "passed", **more}
    return Mutant.model_validate({"fate": fate, "family": family, "kind": kind, **given})


def selftest(*mutants: Mutant) -> SelfTest:
    return SelfTest(isolation="process", skipped=(), mutants=mutants)


def test_a_judgement_names_the_draws_that_alone_would_have_noticed(tmp_path: Path) -> None:
    judgement = judge(answers(tmp_path, 0.0, 1e-2, 1e-7, 2e-2), LIMITS)

    assert (judgement.outcome, judgement.draws) == ("mismatch", (1, 3))
    assert judgement.share == pytest.approx(2e-2 / (12 * 2e-7), rel=0.2)


def test_a_distance_is_a_multiple_of_eager_float32s_own_error(tmp_path: Path) -> None:
    near, far = (
        distance(answers(tmp_path / "near", *[1e-8] * 4), LIMITS),
        distance(answers(tmp_path / "far", *[2e-6] * 4), LIMITS),
    )

    assert near is not None and near <= 1
    assert far == pytest.approx(10, rel=0.3)


def test_only_what_no_float32_could_tell_is_equivalent() -> None:
    assert fate_of("mismatch", 0.5) == "killed"
    assert fate_of("passed", 0.5) == "equivalent"
    assert fate_of("passed", 1.5) == "survived"
    assert fate_of("passed", 0.5, 1.5) == "survived"  # on other samples it differs: these are blind
    assert fate_of("passed", None) == "survived"


def test_one_structural_survivor_misses_the_goal_and_equivalents_do_not_count() -> None:
    killed = [mutant("killed", outcome="mismatch")] * 999

    assert selftest(*killed, mutant("equivalent"), mutant("unusable")).reached
    assert not selftest(*killed, mutant("survived")).reached


def test_five_in_a_thousand_numeric_mutants_may_survive() -> None:
    killed = [mutant("killed", "numeric")] * 995

    assert selftest(*killed, *[mutant("survived", "numeric")] * 5).reached
    assert not selftest(*killed, *[mutant("survived", "numeric")] * 6).reached


def test_a_control_that_is_killed_misses_the_goal() -> None:
    assert not selftest(mutant("killed"), mutant("killed", "control", "unchanged")).reached


def test_nothing_tested_reaches_nothing() -> None:
    assert not selftest().reached
    assert not selftest(mutant("unusable")).reached


def test_kinds_are_picked_by_name_family_or_maker() -> None:
    assert [kind.name for kind in pick_kinds(["relu-clipped"])] == ["relu-clipped"]
    assert {kind.maker for kind in pick_kinds(["artifact"])} == {"artifact"}
    assert len(pick_kinds([])) == len(KINDS)


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no kind 'relu-cliped'"):
        pick_kinds(["relu-cliped"])


def test_the_tables_count_and_name_survivors_one_by_one() -> None:
    found = selftest(
        mutant("killed", outcome="mismatch", draws=(2,), share=30.0),
        mutant("killed", outcome="mismatch", draws=(2, 3), share=40.0),
        mutant("survived", kind="gelu-other", share=0.9, distance=12.0, probed=14.0),
    )

    text = mutants_markdown(found)

    assert "3 mutants: 2 killed, 1 survived, 0 equivalent" in text and "goals missed" in text
    assert "| relu-clipped | 2 | 2 | 0 | 0 | 0 | 30 |" in text
    assert "| 2 | 2 of 2 | 1 |" in text and "| 3 | 1 of 2 | 0 |" in text
    assert "m/onnx/fp32, gelu-other, layer: passed, 0.9 of the limit, 12 × eager float32's error in float64" in text


def test_a_changed_verdict_is_shown_with_its_circumstances() -> None:
    same = Again(cell="m/onnx/fp32", circumstances="draw 1, 1 threads", outcome="passed", before="passed", share=0.1)
    other = same.model_copy(update={"outcome": "mismatch", "circumstances": "draw 2, 2 threads", "share": 1.2})

    assert Reds(isolation="process", verdicts=(same,)).reached
    assert not Reds(isolation="process", verdicts=()).reached
    text = reds_markdown(Reds(isolation="process", verdicts=(same, other)))
    assert "2 verdicts, 1 changed" in text and "m/onnx/fp32, draw 2, 2 threads: mismatch 1.2" in text
