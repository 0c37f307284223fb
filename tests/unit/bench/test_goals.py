"""What the bench is held to, and how its figures are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import SECTIONS
from bench.figures import Figure, figure, ratios
from bench.goals import Goal, read_goals, section_of, shortfalls
from bench.report import markdown, write_report

FAST = Goal(figure="noop.wall", at_most=1.0, what="re-run with nothing changed")
RATIO = Goal(figure="cold.user_script_over_ours", at_least=1.4, what="the script over ours")


def found(*figures: Figure) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


@pytest.mark.parametrize(("values", "missed"), [((0.5, 0.9, 7.0), 0), ((1.0,), 0), ((1.1, 0.2, 1.2), 1)])
def test_the_median_is_held_to_the_goal(values: tuple[float, ...], missed: int) -> None:
    assert len(shortfalls([FAST], found(figure("noop.wall", values, "s")), ["noop"])) == missed


@pytest.mark.parametrize(("value", "missed"), [(1.39, 1), (1.4, 0), (9.0, 0)])
def test_some_figures_shall_be_large(value: float, missed: int) -> None:
    assert len(shortfalls([RATIO], found(figure(RATIO.figure, [value], "x")), ["cold"])) == missed


def test_a_shortfall_says_the_figure_and_the_goal() -> None:
    (line,) = shortfalls([FAST], found(figure("noop.wall", [2.0], "s")), ["noop"])

    assert line == "noop.wall: 2 s, re-run with nothing changed: ≤ 1"


def test_what_a_section_should_have_measured_is_missed_and_what_did_not_run_is_not() -> None:
    assert len(shortfalls([FAST, RATIO], {}, ["noop"])) == 1


def test_a_goal_has_one_bound() -> None:
    with pytest.raises(ValueError, match="at_most or at_least"):
        Goal(figure="a", what="b", at_most=1.0, at_least=2.0)


def test_every_goal_is_about_a_section_that_there_is() -> None:
    goals = read_goals()

    assert len(goals) >= 9
    assert {section_of(goal.figure) for goal in goals} <= set(SECTIONS)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        figure("cold.wall", [], "s")


def test_ratios_are_taken_within_each_repeat() -> None:
    assert ratios("r", [3.0, 8.0], [1.0, 4.0]).values == (3.0, 2.0)


def test_the_table_has_a_row_for_each_figure_and_says_which_goals_are_met() -> None:
    figures = [figure("noop.wall", [0.25, 2.0, 3.0], "s"), figure("cold.wall", [120.4], "s")]

    rows = markdown(figures, [FAST], {"cores": 2}).splitlines()

    assert rows[0] == "cores: 2  "
    assert "| noop.wall | 2 s | 0.25 to 3 | ≤ 1 | **no** | re-run with nothing changed |" in rows
    assert "| cold.wall | 120 s | 120 to 120 | | | |" in rows


def test_both_files_hold_the_same_figures(tmp_path: Path) -> None:
    write_report([figure("noop.wall", [1.0, 2.0, 9.0], "s")], [FAST], {"cores": 2}, tmp_path)

    data = json.loads((tmp_path / "bench.json").read_text())
    assert data["figures"] == {"noop.wall": {"unit": "s", "median": 2.0, "values": [1.0, 2.0, 9.0]}}
    assert "| noop.wall | 2 s |" in (tmp_path / "bench.md").read_text()
