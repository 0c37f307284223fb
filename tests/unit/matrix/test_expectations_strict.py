"""Expectations hold both ways, and only until their last day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.expectations import judge, read_expectations, unmatched_entries
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import Cell, ExpectationRecord
from deploymatrix.matrix.verdicts import judged, read_rules, unmatched_rules
from tests.fakes.tree import Tree

TODAY = date(2026, 11, 20)

ENTRY = """
[[expectations]]
cell = "{cell}"
outcome = "run_failed"
reason = "the runtime lacks an operator"
link = "https://example.org/issues/1"
"""


def a_cell(outcome: str = "run_failed", stage: str | None = "run", name: str = "lstm/tfjs/fp32") -> Cell:
    model, target, variant = name.split("/")
    data: dict[str, Any] = {"model": model, "target": target, "variant": variant, "outcome": outcome, "stage": stage}
    return Cell.model_validate({**data, "framework": "torch", "family": "x", "route": (), "steps": ()})


def an_entry(**changed: Any) -> ExpectationRecord:
    data = {"cell": "lstm/*", "outcome": "run_failed", "stage": None, "reason": "lacks it", "link": "https://x.y"}
    return ExpectationRecord.model_validate({**data, "file": "targets/tfjs/target.toml", **changed})


@pytest.mark.parametrize(
    ("expires", "verdict"),
    [(None, "expected"), ("2026-11-21", "expected"), ("2026-11-20", "expected"), ("2026-11-19", "expired")],
)
def test_an_entry_counts_through_its_last_day(expires: str | None, verdict: str) -> None:
    assert judge(a_cell(), [an_entry(expires=expires)], TODAY).verdict == verdict


@pytest.mark.parametrize(
    ("cell", "entry", "verdict", "edit"),
    [
        (a_cell("passed", None), an_entry(), "unexpected_pass", 'remove that entry (cell = "lstm/*")'),
        (a_cell("passed", None), an_entry(expires="2001-01-01"), "unexpected_pass", "remove that entry"),
        (a_cell("crashed"), an_entry(), "unexpected_outcome", 'correct the entry for cell = "lstm/*"'),
        (a_cell(stage="run"), an_entry(stage="load"), "unexpected_outcome", "expects run_failed in stage load"),
        (a_cell(), an_entry(expires="2026-01-31"), "expired", "until 2026-01-31; repair the cell, or renew `expires`"),
    ],
)
def test_what_is_red_says_which_file_and_what_to_edit(
    cell: Cell, entry: ExpectationRecord, verdict: str, edit: str
) -> None:
    found = judge(cell, [entry], TODAY)
    line = explain_red(cell.model_copy(update={"verdict": found.verdict, "expectation": found.expectation}))

    assert found.verdict == verdict
    assert edit in line
    assert "targets/tfjs/target.toml" in line


def test_a_targets_own_entry_is_about_its_own_cells_and_a_files_about_all() -> None:
    own, any_target = an_entry(cell="*"), an_entry(cell="*", file="accepted.toml")
    other = a_cell(name="lstm/onnx/fp32")

    assert judge(other, [own], TODAY).verdict == "failed"
    assert judge(other, [any_target], TODAY).verdict == "expected"


NAMES = ["lstm/tfjs/fp32", "lstm/onnx/fp32"]
KNOWN = {"tfjs", "onnx"}


@pytest.mark.parametrize(
    ("entry", "targets", "red"),
    [
        (an_entry(cell="lstm/*"), KNOWN, False),
        (an_entry(cell="gru/*"), KNOWN, True),
        (an_entry(cell="gru/*"), {"onnx"}, False),
        (an_entry(cell="lstm/onnx/fp32"), KNOWN, True),
        (an_entry(cell="gru/tfjs/*", file="accepted.toml"), {"onnx"}, False),
        (an_entry(cell="gru/tfjs/*", file="accepted.toml"), {"tfjs"}, True),
        (an_entry(cell="lstm/tfsj/*", file="accepted.toml"), {"onnx"}, True),
        (an_entry(cell="gru*", file="accepted.toml"), {"onnx"}, True),
    ],
    ids=["about a cell", "no model", "target not selected", "another target", "file: not selected", "file: selected",
         "file: no such target", "file: any target"],
)  # fmt: skip
def test_an_entry_about_no_cell_is_red_unless_its_target_was_not_selected(
    entry: ExpectationRecord, targets: set[str], red: bool
) -> None:
    lines = unmatched_entries([entry], NAMES, targets, KNOWN)

    assert bool(lines) == red
    assert all(entry.file in line and "correct its pattern or remove it" in line for line in lines)


def test_entries_come_from_the_file_first_then_from_the_targets(tree: Tree, tmp_path: Path) -> None:
    tree.append("targets/npz/target.toml", ENTRY.format(cell="linear/npz/*"))
    file = tmp_path / "accepted.toml"
    file.write_text(ENTRY.format(cell="linear/plain/*") + 'expires = "2027-01-31"\n', encoding="utf-8")

    first, second = read_expectations(tree.project(), file)

    assert (first.cell, first.file, first.expires) == ("linear/plain/*", str(file), "2027-01-31")
    assert (second.cell, second.file, second.expires) == ("linear/npz/*", "targets/npz/target.toml", None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('outcome = "missing"', "expectations.outcome: 'missing' cannot be expected"),
        ('stage = "compar"', "expectations.stage: 'compar' cannot be expected; did you mean 'compare'?"),
        ("expires = 20270131", "write a date: expires = 2027-03-31"),
        ("expires = 2027-01-31T10:00:00", "write a date: expires = 2027-03-31"),
        ('expire = "2027-01-31"', "did you mean 'expires'?"),
    ],
)
def test_a_mistake_in_an_entry_is_refused(tree: Tree, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "accepted.toml"
    entry = ENTRY.format(cell="linear/*")
    file.write_text(entry.replace('outcome = "run_failed"\n', "") + line if "outcome" in line else entry + line)

    with pytest.raises(ConfigurationError, match=r"accepted\.toml") as refused:
        read_expectations(tree.project(), file)

    assert said in str(refused.value)


def test_a_selection_of_models_leaves_entries_about_other_models_alone(tree: Tree) -> None:
    tree.append("targets/npz/target.toml", ENTRY.format(cell="linear/npz/*") + ENTRY.format(cell="liner/npz/*"))
    project = tree.project()
    rules = read_rules(project, today=TODAY)

    assert unmatched_rules(project, rules, {"plain"}) == ()
    [line] = unmatched_rules(project, rules, {"npz"})
    assert line.startswith('targets/npz/target.toml: the entry for cell = "liner/npz/*"')
    assert judged(a_cell(name="linear/npz/fp32"), rules).verdict == "expected"
