"""Expectations: reviewed entries that say which cells are not expected to pass. Strict both ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from deploymatrix.errors import ConfigurationError
from deploymatrix.project import Project
from deploymatrix.records import Cell, ExpectationRecord, Outcome, Verdict
from deploymatrix.specs import nearest


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the gate makes of a cell, and the entry that says so."""

    verdict: Verdict
    expectation: ExpectationRecord | None


def read_expectations(project: Project) -> list[ExpectationRecord]:
    """All entries of all targets; each is about cells of its own target only.

    Raises ConfigurationError for an outcome that does not exist, or `passed`, which needs no entry.
    """
    entries = []
    for target in project.targets.values():
        file = (target.folder / "target.toml").relative_to(project.root).as_posix()
        for entry in target.spec.expectations:
            _check_outcome(entry.outcome, file)
            entries.append(ExpectationRecord(**entry.model_dump(), file=file))
    return entries


def judge(cell: Cell, expectations: Iterable[ExpectationRecord]) -> Judgement:
    """The verdict on a cell. The first entry whose pattern matches the cell's name counts."""
    entry = next((e for e in expectations if _is_about(e, cell)), None)
    if entry is None:
        return Judgement(verdict="ok" if cell.outcome == "passed" else "failed", expectation=None)
    if cell.outcome == "passed":
        return Judgement(verdict="unexpected_pass", expectation=entry)
    as_expected = cell.outcome == entry.outcome and entry.stage in (None, cell.stage)
    return Judgement(verdict="expected" if as_expected else "unexpected_outcome", expectation=entry)


def _is_about(entry: ExpectationRecord, cell: Cell) -> bool:
    own_target = entry.file.split("/")[-2] == cell.target
    return own_target and fnmatchcase(cell.name, entry.cell)


def _check_outcome(outcome: str, file: str) -> None:
    known = [o for o in Outcome.__args__ if o != "passed"]  # type: ignore[attr-defined]
    if outcome not in known:
        raise ConfigurationError(
            f"{file}: expectations.outcome: {outcome!r} cannot be expected; {nearest(outcome, known)}"
        )
