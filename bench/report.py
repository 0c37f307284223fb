"""build/bench.json and build/bench.md: medians with the least and the greatest, goals beside them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.goals import Goal


def write_report(figures: Sequence[Figure], goals: Sequence[Goal], about: Mapping[str, Any], build: Path) -> None:
    """Write both files; `about` says how it was measured."""
    build.mkdir(parents=True, exist_ok=True)
    data = {
        "about": dict(about),
        "figures": {f.name: {"unit": f.unit, "median": f.median, "values": f.values} for f in figures},
        "goals": [goal.__dict__ for goal in goals],
    }
    (build / "bench.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (build / "bench.md").write_text(markdown(figures, goals, about), encoding="utf-8")


def markdown(figures: Sequence[Figure], goals: Sequence[Goal], about: Mapping[str, Any]) -> str:
    """How it was measured, then a table with a row for each figure."""
    wanted = {goal.figure: goal for goal in goals}
    lines = [f"{name}: {value}  " for name, value in about.items()]
    lines += ["", "| figure | median | min to max | goal | met | what |", "|---|---:|---:|---:|---|---|"]
    lines += [_row(figure, wanted.get(figure.name)) for figure in figures]
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What the figures depend on, beside the code. The load is that of the last minute, before the bench began."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def _row(figure: Figure, goal: Goal | None) -> str:
    spread = f"{_number(min(figure.values))} to {_number(max(figure.values))}"
    median = f"{_number(figure.median)} {figure.unit}".rstrip()
    if goal is None:
        return f"| {figure.name} | {median} | {spread} | | | |"
    met = "yes" if goal.is_met(figure.median) else "**no**"
    return f"| {figure.name} | {median} | {spread} | {goal} | {met} | {goal.what} |"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
