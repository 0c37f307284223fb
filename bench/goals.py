"""The goals, as data in goals.toml, and which of them the figures fall short of."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure

GOALS = Path(__file__).with_name("goals.toml")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound on the median of one figure, in that figure's unit; exactly one of the two is given."""

    figure: str
    what: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(f"goal {self.figure}: give at_most or at_least")

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def is_met(self, value: float) -> bool:
        if self.at_most is not None:
            return value <= self.at_most
        assert self.at_least is not None
        return value >= self.at_least


def read_goals(path: Path = GOALS) -> list[Goal]:
    """All goals, in the order of the file."""
    return [Goal(**goal) for goal in tomllib.loads(path.read_text(encoding="utf-8"))["goals"]]


def shortfalls(goals: Iterable[Goal], figures: Mapping[str, Figure], sections: Iterable[str]) -> list[str]:
    """A line for each goal that is missed; of the sections that ran, a goal without its figure is missed too."""
    ran = set(sections)
    lines = []
    for goal in goals:
        found = figures.get(goal.figure)
        if found is None:
            if section_of(goal.figure) in ran:
                lines.append(f"{goal.figure}: not measured; {goal.what}: {goal}")
        elif not goal.is_met(found.median):
            lines.append(f"{goal.figure}: {found.median:.4g} {found.unit}, {goal.what}: {goal}")
    return lines


def section_of(figure: str) -> str:
    """The section that measures a figure: `touch_model.wall` belongs to `touch`."""
    return figure.partition(".")[0].partition("_")[0]
