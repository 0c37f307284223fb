"""Causes: why cells are red, in words that many cells share, by the rules in causes.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from deploymatrix.matrix.counts import plural
from deploymatrix.matrix.records import Cell
from deploymatrix.matrix.similar import normalised

LONGEST = 120  # characters of a cause that no rule names
MOST_LINES = 12
SEARCHED = 1000  # characters of a message


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of causes.toml; an empty set fits every cell."""

    verdicts: frozenset[str]
    outcomes: frozenset[str]
    stages: frozenset[str]
    pattern: re.Pattern[str]
    cause: str


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Cells with one cause, sorted by name."""

    name: str
    cells: tuple[Cell, ...]

    @property
    def line(self) -> str:
        """Say it as a report does: "180 cells: environment onnx2tf could not be made"."""
        return f"{plural(len(self.cells))}: {self.name}"


def causes(cells: Iterable[Cell]) -> list[Cause]:
    """Group cells by their cause, the most frequent first. Cells that passed have none."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        name = cause_of(cell)
        if name:
            groups.setdefault(name, []).append(cell)
    found = [Cause(name=name, cells=tuple(sorted(own, key=lambda cell: cell.name))) for name, own in groups.items()]
    return sorted(found, key=lambda cause: (-len(cause.cells), cause.name))


def cause_lines(cells: Iterable[Cell]) -> list[str]:
    """Return a line for each cause, the most frequent first; over MOST_LINES, the last line counts the rest."""
    found = causes(cells)
    if len(found) <= MOST_LINES:
        return [cause.line for cause in found]
    rest = found[MOST_LINES - 1 :]
    others = sum(len(cause.cells) for cause in rest)
    return [cause.line for cause in found[: MOST_LINES - 1]] + [f"{plural(others)}: {len(rest)} further causes"]


def alike(cell: Cell, cells: Iterable[Cell]) -> tuple[str, ...]:
    """List the other cells that share this one's cause."""
    name = cause_of(cell)
    return tuple(other.name for other in cells if name and other.name != cell.name and cause_of(other) == name)


def cause_of(cell: Cell) -> str:
    """Return the cause of a cell that did not pass: a rule's, else its outcome with the first line of its detail.

    Empty for a cell that passed.
    """
    if cell.outcome == "passed" and cell.verdict not in ("over_budget", "unexpected_pass"):
        return ""
    said = cell.detail.split("\n", 1)[0][:SEARCHED]  # the decisive line; those below it name all sorts of things
    text = "\n".join(cell.over_budget) if cell.verdict == "over_budget" else said
    found = _found(cell.verdict, cell.outcome, cell.stage or "", text)
    if found is not None:
        rule, groups = found
        return " ".join(rule.cause.format_map(_words(cell) | dict(groups)).split())
    first = normalised(cell.model_copy(update={"detail": said}))
    is_said = cell.stage is None or cell.outcome == f"{cell.stage}_failed"
    where = cell.outcome if is_said else f"{cell.outcome} in {cell.stage}"
    return f"{where}: {first}"[:LONGEST].rstrip(": ")


@cache
def rules() -> tuple[Rule, ...]:
    """Read the rules in their order."""
    text = (files("deploymatrix.matrix") / "causes.toml").read_text(encoding="utf-8")
    return tuple(
        Rule(
            verdicts=frozenset(entry.get("verdicts", ())),
            outcomes=frozenset(entry.get("outcomes", ())),
            stages=frozenset(entry.get("stages", ())),
            pattern=re.compile(entry.get("pattern", ""), re.MULTILINE),
            cause=entry["cause"],
        )
        for entry in tomllib.loads(text)["rules"]
    )


@lru_cache(maxsize=4096)  # cells of one cause often have one text
def _found(verdict: str, outcome: str, stage: str, text: str) -> tuple[Rule, tuple[tuple[str, str], ...]] | None:
    """Return the first rule that fits, and what its pattern's groups hold."""
    for rule in rules():
        asked = ((rule.verdicts, verdict), (rule.outcomes, outcome), (rule.stages, stage))
        if all(not allowed or value in allowed for allowed, value in asked):
            match = rule.pattern.search(text)
            if match:
                return rule, tuple((name, value or "") for name, value in match.groupdict().items())
    return None


def _words(cell: Cell) -> dict[str, str]:
    return {
        "blame": cell.blame or "no step is blamed",
        "stage": cell.stage or "",
        "target": cell.target,
        "outcome": cell.outcome,
        "fails": ", ".join(cell.fails) or "numeric",
        "entry": cell.expectation.file if cell.expectation else "",
    }
