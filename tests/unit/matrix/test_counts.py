"""One count: what is red is never counted as passed, and what is partial is said first, in every report."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from deploymatrix.matrix.counts import count, standing
from deploymatrix.matrix.records import Matrix
from deploymatrix.report.annotations import error_annotations
from deploymatrix.report.badges import badges
from deploymatrix.report.junit import junit
from deploymatrix.report.markdown import markdown
from deploymatrix.report.step_summary import step_summary
from deploymatrix.report.table import print_table
from tests.fakes.matrices import make_cell, make_matrix
from tests.fakes.states import states

STATES = states()
PARTS = {"selection": "partial: 2 of 42 planned cells", "shard": "partial: 14 of 42 planned cells"}
# Red cells whose artifacts answered rightly.
ANSWERED = {"over_budget": "over budget", "unexpected_pass": "unexpected pass"}


def printed(matrix: Matrix, **options: object) -> str:
    console = Console(width=160, **options)  # type: ignore[arg-type]
    with console.capture() as capture:
        print_table(matrix, console)
    return capture.get()


def last_line(matrix: Matrix) -> str:
    return printed(matrix).splitlines()[-1].strip()


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("green", "all green; 42 of 42 cells passed"),
        ("selection", "partial: 2 of 42 planned cells; all of these green; 2 of 2 cells passed"),
        ("shard", "partial: 14 of 42 planned cells; all of these green; 14 of 14 cells passed"),
        ("missing", "partial: 41 of 42 planned cells; 1 red: 1 missing; 41 of 42 cells passed"),
        ("over_budget", "1 red: 1 over budget; 41 of 42 cells passed"),
        ("unexpected_pass", "1 red: 1 unexpected pass; 41 of 42 cells passed"),
        ("expired", "1 red: 1 expired entry; 41 of 42 cells passed"),
        ("unmatched", "1 red: 1 entry without a cell; 42 of 42 cells passed"),
        ("one_cause", "180 red: 180 environment_failed; 2 of 182 cells passed"),
    ],
)
def test_the_sentence_says_what_is_partial_then_what_is_red_then_what_passed(state: str, sentence: str) -> None:
    assert count(STATES[state]).sentence == sentence
    assert last_line(STATES[state]) == f"{sentence}; isolation: docker"


@pytest.mark.parametrize("state", PARTS)
def test_a_part_of_the_plan_says_so_first_everywhere(state: str) -> None:
    matrix, partial = STATES[state], PARTS[state]

    assert printed(matrix).startswith(partial)
    assert markdown(matrix).startswith(f"**🟠 {partial}**")
    assert step_summary(matrix).startswith(f"## deploymatrix: 🟠 {partial}; ")
    assert error_annotations(matrix).startswith(f"::warning title=deploymatrix::{partial}\n")
    assert f'name="deploymatrix ({partial})"' in junit(matrix, {})
    for text in badges(matrix).values():
        badge = json.loads(text)
        assert badge["message"].startswith(f"{partial}, ") and badge["color"] == "orange"


@pytest.mark.parametrize("state", ["green", "over_budget", "unexpected_pass", "expired", "unmatched", "one_cause"])
def test_a_whole_plan_is_nowhere_called_partial(state: str) -> None:
    matrix = STATES[state]

    texts = (printed(matrix), markdown(matrix), step_summary(matrix), error_annotations(matrix), junit(matrix, {}))
    assert not any("partial" in text for text in (*texts, *badges(matrix).values()))


def test_partial_is_amber_on_a_terminal_and_what_is_red_is_red() -> None:
    first, *_, last = printed(STATES["missing"], force_terminal=True, color_system="256").splitlines()

    amber, red = "\x1b[1;38;5;166m", "\x1b[1;31m"
    assert first.startswith(f"{amber}partial: 41 of 42 planned cells")
    assert last.startswith(f"{amber}partial: 41 of 42 planned cells; ")
    assert f"{red}1 red: 1 missing" in last


@pytest.mark.parametrize("state", ANSWERED)
def test_what_is_red_is_not_announced_titled_or_painted_as_passed(state: str) -> None:
    matrix, words = STATES[state], ANSWERED[state]
    (cell,) = (cell for cell in matrix.cells if cell.verdict == state)

    assert standing(cell) == words
    row = next(line for line in printed(matrix).splitlines() if "mlp" in line and "keras" not in line)
    assert row.count("✓") == 5
    (annotation,) = error_annotations(matrix).splitlines()
    assert words in annotation and "passed" not in annotation
    red = next(line for line in step_summary(matrix).splitlines() if line.startswith("| ") and "mlp/onnx" in line)
    assert words in red and "✓" not in red and "passed" not in red
    assert json.loads(badges(matrix)["onnx.json"]) == {
        "schemaVersion": 1,
        "label": "onnx",
        "message": "6/7",
        "color": "red",
    }


def test_every_report_counts_alike() -> None:
    matrix = STATES["over_budget"]

    passed = sum(int(json.loads(text)["message"].split("/")[0]) for text in badges(matrix).values())
    assert passed == count(matrix).passed == 41
    for text in (printed(matrix), markdown(matrix), step_summary(matrix)):
        assert "41 of 42 cells passed" in text


def test_a_selection_that_did_not_note_the_plan_is_partial() -> None:
    matrix = make_matrix(make_cell()).model_copy(update={"selection": ("-m mlp",)})

    assert count(matrix).sentence.startswith("partial: 1 of the planned cells; ")


def test_a_selection_that_takes_every_cell_is_not_partial() -> None:
    matrix = make_matrix(make_cell()).model_copy(update={"selection": ("-k *",), "planned": 1})

    assert count(matrix).sentence == "all green; 1 of 1 cell passed"
