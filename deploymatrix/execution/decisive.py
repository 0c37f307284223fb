"""The decisive lines of a failure: the cause before its consequences, by the rules in decisive.toml.

Exporters wrap what went wrong in exceptions, banners and advice, print it and leave, or give a number. The first line
of the innermost exception says why; where that says nothing by itself, the log is asked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from deploymatrix.printable import printable

LINES, LONGEST = 6, 600  # lines and characters of a detail
LONGEST_LINE = 400
Link = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A pattern for messages of exceptions of some types; no types: of any."""

    types: frozenset[str]
    pattern: re.Pattern[str]
    last: bool = False

    def fits(self, type_: str) -> bool:
        return not self.types or type_ in self.types


@dataclass(frozen=True, kw_only=True)
class Rules:
    """decisive.toml, read."""

    noise: re.Pattern[str]
    final: frozenset[str]
    picks: tuple[Rule, ...]
    vague: tuple[Rule, ...]
    log: tuple[Rule, ...]


def decisive(chain: Sequence[Link], log: str) -> str:
    """Return a few lines, the first of which says why. chain: exceptions, innermost last. log: the end of the task's.

    Empty where there is no exception.
    """
    link = next((link for link in _causes(chain) if _told(link)), None)
    if link is None:
        return _without_message(chain, log)
    said, *further = _told(link)
    why = _in_log(log) if _is_vague(link) else ""
    lines = [f"{why} ({said})" if why else said, *further]
    return "\n".join(lines[:LINES])[:LONGEST]


def _causes(chain: Sequence[Link]) -> list[Link]:
    """Return the exceptions that may say why, the best one first: the innermost that the outer ones name as cause.

    An exception that was merely under way counts only where the outer one cannot say anything: many are attempts that
    failed, and were mended.
    """
    if chain and chain[0]["type"] in rules().final:
        return list(chain[:1])
    named: list[Link] = []
    for link in chain:
        if link["link"] == "context" and _told(named[-1]) and not _is_vague(named[-1]):
            break
        named.append(link)
    clear = [link for link in reversed(named) if not _is_vague(link)]
    return clear + [link for link in reversed(named) if _is_vague(link)]


def _told(link: Link) -> list[str]:
    """Return the lines of a message that say something, the first with its exception's type; none where none does."""
    text = printable(link["message"])
    type_, picked = _picked(link["type"], text)
    lines = [line.rstrip() for line in text.splitlines() if not rules().noise.match(line.strip())]
    if picked:
        lines = [picked, *(line for line in lines if picked not in line)]
    elif len(lines) > 1 and (lines[0].endswith(":") or lines[0].startswith("Unsupported Ops")):
        lines = [f"{lines[0].strip()} {lines[1].strip()}", *lines[2:]]  # a heading, and what it announces
    return [f"{type_}: {lines[0].strip()}"[:LONGEST_LINE], *lines[1:]] if lines else []


def _picked(type_: str, text: str) -> tuple[str, str]:
    """Return the type and the line that a rule picks; no line where none does."""
    for rule in rules().picks:
        found = list(rule.pattern.finditer(text)) if rule.fits(type_) else []
        if found:
            groups = found[-1 if rule.last else 0].groupdict()
            return groups.get("type") or type_, (groups.get("line") or found[0][0]).strip()
    return type_, ""


def _is_vague(link: Link) -> bool:
    return any(rule.fits(link["type"]) and rule.pattern.search(link["message"]) for rule in rules().vague)


def _in_log(log: str) -> str:
    """Return the line of a log that says why; empty when no rule knows one."""
    text = printable(log)
    for rule in rules().log:
        match = rule.pattern.search(text)
        if match:
            return match["line"].strip()[:LONGEST_LINE]
    return ""


def _without_message(chain: Sequence[Link], log: str) -> str:
    """Return the exception's type, and before it what the log says."""
    if not chain:
        return ""
    bare = chain[-1]["message"].strip().splitlines()[:1]
    said = ": ".join([chain[-1]["type"], *bare])[:LONGEST_LINE]
    why = _in_log(log)
    return f"{why} ({said})" if why else said


@cache
def rules() -> Rules:
    """Read decisive.toml."""
    data = tomllib.loads((files("deploymatrix.execution") / "decisive.toml").read_text(encoding="utf-8"))
    return Rules(
        noise=re.compile("|".join(f"(?:{pattern})" for pattern in data["noise"])),
        final=frozenset(data["final"]),
        picks=_rules(data["picks"]),
        vague=_rules(data["vague"]),
        log=_rules(data["log"]),
    )


def _rules(entries: Iterable[dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            types=frozenset(entry.get("types", ())),
            pattern=re.compile(entry["pattern"], re.MULTILINE),
            last=entry.get("last", False),
        )
        for entry in entries
    )
