"""Expectations: reviewed entries that say which cells need not pass. An entry that no longer holds is red, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import get_args

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.records import Cell, ExpectationRecord, Outcome, Stage, Verdict
from deploymatrix.numerics.failing import every_name
from deploymatrix.project.nearest import nearest
from deploymatrix.project.project import Project
from deploymatrix.project.specs import Expectation, ExpectationsFile, UnsupportedSpec
from deploymatrix.project.targets import FILES, Target
from deploymatrix.project.toml_files import read_spec

VARIANTS, ELSEWHERE = "docs/guides/variants.md", "docs/decisions/exported-is-an-outcome.md"
EXPORTED = "exported"
NEVER_EXPECTED = frozenset({"passed", "missing"})
# One that says what a mismatch fails is about such a mismatch alone, and one that does not is about any.
OUTCOMES = [*(o for o in get_args(Outcome) if o not in NEVER_EXPECTED), *every_name("mismatch")]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict on a cell, and the entry that decides it."""

    verdict: Verdict
    expectation: ExpectationRecord | None


def read_expectations(project: Project, further: Path | None = None) -> list[ExpectationRecord]:
    """Read the file `further`, about cells of any target, then the entries of all targets, about their own cells.

    Raise ConfigurationError for an outcome or stage that does not exist, for `passed`, which needs no entry, and for
    `missing`, which nothing excuses. Entries of shipped targets are about shipped models: without these, they are none.
    """
    entries = []
    if further is not None:
        if further.name in ("target.toml", *FILES.values()):
            raise ConfigurationError(
                f"--expectations {further}: deploymatrix reads a target's own entries anyway; name another file"
            )
        entries += _records(read_spec(further, ExpectationsFile).expectations, project.shown(further.absolute()))
    for target in project.targets.values():
        if not (project.shipped_models or target.folder.is_relative_to(project.root)):
            continue
        entries += _records(_entries_of(target), project.shown(target.file))
    for target in project.targets.values():
        entries += [*_unsupported(project, target), *_elsewhere(project, target)]
    return entries


def _unsupported(project: Project, target: Target) -> Iterator[ExpectationRecord]:
    """Yield an entry for each variant of the target that no step makes, with the reason in pipeline.toml.

    Where that is about some frameworks alone, yield one for each of their models.
    """
    format_ = target.spec.format
    for variant in target.spec.variants:
        unsupported = project.pipelines[format_].unsupported.get(variant)
        if unsupported is None:
            continue
        for name in _about(project, unsupported):
            yield ExpectationRecord(
                cell=f"{name}/{target.name}/{variant}",
                outcome="unsupported",
                stage="plan",
                reason=unsupported.reason,
                link=VARIANTS,
                file=f"pipelines/{format_}/pipeline.toml",
            )


def _elsewhere(project: Project, target: Target) -> Iterator[ExpectationRecord]:
    """Yield an entry for the cells of a target that one system or platform alone runs: elsewhere it is exported."""
    where = target.spec.system or project.runner_of(target).spec.platform
    if where is not None:
        yield ExpectationRecord(
            cell=f"*/{target.name}/*",
            outcome=EXPORTED,
            stage="load",
            reason=f"exported, not run: {target.name} runs on {where} only",
            link=ELSEWHERE,
            file=project.shown(target.file),
        )


def _entries_of(target: Target) -> tuple[Expectation, ...]:
    """Return a target's own entries; those of a further version or platform of its runtime stand beside its lock."""
    if not target.is_further:
        return target.spec.expectations
    return read_spec(target.file, ExpectationsFile).expectations if target.file.is_file() else ()


def _about(project: Project, unsupported: UnsupportedSpec) -> Iterable[str]:
    """Return patterns of the names of the models that an entry of [unsupported] is about."""
    if not unsupported.frameworks:
        return ("*",)
    return (name for name, model in project.models.items() if unsupported.is_about(model.spec.framework))


def judge(cell: Cell, expectations: Iterable[ExpectationRecord], today: date) -> Judgement:
    """Judge a cell. The first entry whose pattern matches the cell's name counts, through its last day.

    One that expects `exported` says nothing of a cell that another system decided.
    """
    about = (e for e in expectations if is_about(e, cell.name))
    entry = next((e for e in about if EXPORTED not in (e.outcome, cell.outcome) or e.outcome == cell.outcome), None)
    if entry is None:
        return Judgement(verdict="ok" if cell.outcome == "passed" else "failed", expectation=None)
    return Judgement(verdict=_verdict(cell, entry, today), expectation=entry)


def unmatched_entries(
    expectations: Iterable[ExpectationRecord], names: Collection[str], targets: Collection[str], known: Collection[str]
) -> list[str]:
    """Return a line for each entry that matches no cell, saying which file to edit.

    `names`: every cell of the project, selected or not. `targets`: the selected ones of the `known` targets. Skip
    entries that belong to, or match, only targets outside of the selection.
    """
    return [
        f'{entry.file}: the entry for cell = "{entry.cell}" matches no planned cell; correct its pattern or remove it'
        for entry in expectations
        if _targets_of(entry, known) & set(targets) or not _targets_of(entry, known)
        if not any(is_about(entry, name) for name in names)
    ]


def is_about(entry: ExpectationRecord, name: str) -> bool:
    """Tell whether an entry matches the cell of that name; an entry in target.toml matches only its own target."""
    own = _own_target(entry)
    return (own is None or name.split("/")[1] == own) and fnmatchcase(name, entry.cell)


def _verdict(cell: Cell, entry: ExpectationRecord, today: date) -> Verdict:
    if cell.outcome == "passed":
        return "unexpected_pass"
    if entry.outcome not in (cell.outcome, cell.said) or entry.stage not in (None, cell.stage):
        return "unexpected_outcome"
    expired = entry.expires is not None and date.fromisoformat(entry.expires) < today
    return "expired" if expired else "expected"


def _targets_of(entry: ExpectationRecord, known: Collection[str]) -> set[str]:
    """Return the targets that an entry can match; none when its pattern names none that exists."""
    own = _own_target(entry)
    if own is not None:
        return {own}
    parts = entry.cell.split("/")
    return {target for target in known if len(parts) != 3 or fnmatchcase(target, parts[1])}


def _own_target(entry: ExpectationRecord) -> str | None:
    path = PurePath(entry.file)
    if path.name in FILES.values():
        return f"{path.parent.parent.parent.name}-{path.parent.name}"
    return path.parent.name if path.name == "target.toml" else None


def _records(entries: Iterable[Expectation], file: str) -> list[ExpectationRecord]:
    for entry in entries:
        _check("outcome", entry.outcome, OUTCOMES, file)
        if entry.stage is not None:
            _check("stage", entry.stage, list(get_args(Stage)), file)
    return [ExpectationRecord(**entry.model_dump(mode="json"), file=file) for entry in entries]


def _check(key: str, word: str, known: list[str], file: str) -> None:
    if word not in known:
        raise ConfigurationError(f"{file}: expectations.{key}: {word!r} cannot be expected; {nearest(word, known)}")
