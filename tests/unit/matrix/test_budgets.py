"""Budgets: each limit, where they are read from, and what breaks them."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.budgets import BudgetRecord, breaches, read_budgets, worst_headroom
from deploymatrix.matrix.gate import explain_red, gate
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.matrix.verdicts import judged_matrix, read_rules
from deploymatrix.project.specs import Budget
from tests.fakes.tree import Tree

OUTPUT = {"name": "y", "dtype": "float32", "shape": (1,), "max_abs": 0.0, "error": 4e-6, "limit": 1e-5}
CELL = Cell.model_validate(
    {
        **{"model": "linear", "framework": "numpy", "family": "x", "target": "npz", "variant": "fp32", "route": ()},
        **{"steps": (), "outcome": "passed", "artifact": {"sha256": "0", "bytes": 2_000_000}, "verdict": "ok"},
        "outputs": [
            {**OUTPUT, "headroom": 0.4, "eager_error": 0.0, "cosine": 1.0, "snr_db": None, "sample_errors": ()}
        ],
    }
)
MEASURED = Measurement(cell=CELL.name, cached=False, run_s=3e-3, eager_s=1e-3)
MATRIX = Matrix(generator="x", isolation="process", cells=(CELL,))


def over(measurement: Measurement | None = MEASURED, pattern: str = "linear/*", **limits: Any) -> tuple[str, ...]:
    times = {CELL.name: measurement} if measurement else None
    return breaches(CELL, [BudgetRecord(cell=pattern, limits=Budget(**limits), file="budgets.toml")], times)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"artifact_bytes": 1_999_999}, "artifact is 2,000,000 bytes, over 1,999,999"),
        ({"artifact_mb": 1.9}, "artifact is 2,000,000 bytes, over 1,900,000"),
        ({"headroom": 0.39}, "uses 0.4 of its error limit, over 0.39"),
        ({"latency_ratio": 2.9}, "median latency is 3 times eager float32, over 2.9 times"),
    ],
)
def test_what_is_over_a_limit_says_by_how_much_and_where_it_is_set(limits: dict[str, Any], said: str) -> None:
    assert over(**limits) == (f'{said} (budgets.toml: budgets."linear/*")',)


@pytest.mark.parametrize(
    "limits", [{"artifact_bytes": 2_000_000}, {"artifact_mb": 2}, {"headroom": 0.4}, {"latency_ratio": 3.01}]
)
def test_what_is_within_a_limit_is_not_over(limits: dict[str, Any]) -> None:
    assert over(**limits) == ()


def test_a_budget_of_other_cells_does_not_count() -> None:
    assert over(pattern="linear/wrapped/*", artifact_bytes=1) == ()


def test_without_measurements_latency_is_not_judged_and_with_a_gap_in_them_it_is_red() -> None:
    assert over(measurement=None, latency_ratio=1e-9) == ()
    assert "was not measured" in over(Measurement(cell=CELL.name, cached=False, run_s=1.0), latency_ratio=1e9)[0]


@pytest.mark.parametrize("about", [{"device": "swiftshader"}, {"emulated": True}])
def test_a_budget_of_latency_says_nothing_of_a_device_or_an_emulator(about: dict[str, Any]) -> None:
    on_a_device = CELL.model_copy(update=about)
    budget = BudgetRecord(cell="linear/*", limits=Budget(latency_ratio=1e-9, artifact_mb=1.9), file="budgets.toml")

    (line,) = breaches(on_a_device, [budget], {})

    assert "bytes" in line


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("budgets.toml", '[budgets."linear/npz/*"]\nartifact_mb = 1\n'),
        ("deploymatrix.toml", 'shipped = false\n[budgets."linear/npz/*"]\nartifact_mb = 1\n'),
    ],
)
def test_budgets_are_read_from_either_file(tree: Tree, file: str, text: str) -> None:
    tree.write(file, text)

    [budget] = read_budgets(tree.project())

    assert (budget.cell, budget.limits.bytes, budget.file) == ("linear/npz/*", 1_000_000, file)


def test_budgets_in_both_files_are_refused(tree: Tree) -> None:
    for file in ("budgets.toml", "deploymatrix.toml"):
        tree.write(file, '[budgets."*"]\nartifact_mb = 1\n')

    with pytest.raises(ConfigurationError, match="keep one of the two"):
        read_budgets(tree.project())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("artifact_mb = 1\nartifact_bytes = 1", "keep one"),
        ("", "sets no limit"),
        ("latency = 2", "did you mean 'latency_ratio'"),
        ("artifact_mb = -1", "greater than 0"),
    ],
)
def test_a_mistake_in_a_budget_is_refused(tree: Tree, text: str, said: str) -> None:
    tree.write("budgets.toml", f'[budgets."linear/*"]\n{text}\n')

    with pytest.raises(ConfigurationError, match=r"budgets\.toml") as refused:
        read_budgets(tree.project())

    assert said in str(refused.value)


def test_a_cell_over_budget_is_red_and_says_what_to_do(tree: Tree) -> None:
    tree.write("budgets.toml", '[budgets."linear/npz/*"]\nlatency_ratio = 2\n')
    project = tree.project()

    judged = judged_matrix(MATRIX, read_rules(project), project, {CELL.name: MEASURED})

    [cell] = judged.cells
    assert (cell.outcome, cell.verdict) == ("passed", "over_budget")
    assert explain_red(cell).endswith("make it fit, or raise that budget")


def test_a_budget_about_no_cell_closes_the_gate(tree: Tree) -> None:
    tree.write("budgets.toml", '[budgets."liner/*"]\nartifact_mb = 1000\n')
    project = tree.project()

    decision = gate([], judged_matrix(MATRIX, read_rules(project), project, {}), {})

    assert decision.unmatched == (
        'budgets.toml: budgets."liner/*" matches no planned cell; correct its pattern or remove it',
    )
    assert not decision.is_open


@pytest.mark.parametrize(
    ("figures", "share"),
    [
        ({}, 0.4),
        ({"error": 0.03}, 1.5),
        ({"quietest": 0.002, "quiet_limit": 0.001}, 2.0),
        ({"quietest": 0.002}, 0.4),
        ({"far": 0.05, "far_limit": 0.02}, 2.5),
        ({"far": 0.05}, 1e300),
    ],
)
def test_the_share_of_a_cell_is_that_of_the_verdict_nearest_to_its_limit(
    figures: dict[str, float], share: float
) -> None:
    second = {"loss": 0.02, "noise": 1e-4, "error": 0.001, "limit": 0.02, "quietest": 0.0, "quiet_limit": None}
    output = {
        **CELL.outputs[0].model_dump(),
        "fidelity": {**second, "flipped": 0.0, "far": 0.0, "far_limit": 0.0, **figures},
    }
    cell = CELL.model_copy(update={"outputs": (OutputRecord.model_validate(output),)})

    assert worst_headroom(cell) == pytest.approx(share)
