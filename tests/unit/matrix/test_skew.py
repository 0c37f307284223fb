"""Where, among the versions of a runtime, an artifact begins to pass."""

from __future__ import annotations

import pytest

from deploymatrix.matrix.records import Cell, Outcome
from deploymatrix.matrix.skew import Artifact, by_version
from deploymatrix.report.skew import boundary, skew_text
from tests.fakes.matrices import make_cell

FURTHER = {"onnx-1.9.0": "1.9.0", "onnx-1.10.0": "1.10.0", "onnx-2.0.0rc1": "2.0.0rc1"}


def cell(target: str, version: str, outcome: Outcome) -> Cell:
    return make_cell("mlp", target, outcome=outcome).model_copy(
        update={"versions": {f"{target}: numpy": "2.4.6", f"{target}: onnxruntime": version, "torch": "2.13.0"}}
    )


def artifact(outcomes: dict[str, Outcome], **more: object) -> Artifact:
    """`outcomes`: by version; 2.0.0 is the target's own."""
    names = {version: name for name, version in FURTHER.items()} | {"2.0.0": "onnx"}
    cells = [cell(names[version], version, outcome) for version, outcome in outcomes.items()]
    return Artifact(options={}, why="", rungs=by_version(cells, "onnx", FURTHER), **more)  # type: ignore[arg-type]


def test_versions_are_in_the_order_of_their_numbers_and_the_targets_own_is_among_them() -> None:
    found = artifact({"2.0.0": "passed", "2.0.0rc1": "passed", "1.10.0": "passed", "1.9.0": "passed"})

    assert [rung.version for rung in found.rungs] == ["1.9.0", "1.10.0", "2.0.0rc1", "2.0.0"]


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({"1.9.0": "passed", "2.0.0": "passed"}, "passes on every version"),
        ({"1.9.0": "load_failed", "2.0.0": "passed"}, "passes from 2.0.0 on; the last that fails: 1.9.0"),
        (
            {"1.9.0": "passed", "1.10.0": "mismatch", "2.0.0": "passed"},
            "passes from 2.0.0 on; the last that fails: 1.10.0",
        ),
        (
            {"1.9.0": "passed", "2.0.0": "crashed"},
            "does not pass on the newest version; the last that fails: 2.0.0",
        ),
    ],
)
def test_the_boundary_is_where_all_later_versions_pass(outcomes: dict[str, Outcome], said: str) -> None:
    assert boundary(artifact(outcomes)) == said


def test_a_target_that_ran_nothing_stands_last_as_locked() -> None:
    cells = [make_cell("mlp", "onnx", outcome="load_failed"), cell("onnx-1.9.0", "1.9.0", "passed")]

    rungs = by_version(cells, "onnx", FURTHER)

    assert [rung.version for rung in rungs] == ["1.9.0", "as locked"]


def test_an_option_that_wins_a_version_is_told_with_what_to_write_and_what_it_loses() -> None:
    first = artifact({"1.9.0": "load_failed", "1.10.0": "passed", "2.0.0": "passed"})
    wider = artifact({"1.9.0": "passed", "1.10.0": "mismatch", "2.0.0": "passed"})
    useless = artifact({"1.9.0": "load_failed", "1.10.0": "passed", "2.0.0": "passed"})
    others = [Artifact(options={"ir": 9}, why="Older.", rungs=wider.rungs), useless]

    lines = list(skew_text("mlp on onnx", [first, *others]))

    assert lines[-2:] == [
        f"to widen it to 1.9.0: [routes.{wider.rungs[0].cell.route[-1]}] options = {{ ir = 9 }} in model.toml",
        "  it loses 1.10.0",
    ]
