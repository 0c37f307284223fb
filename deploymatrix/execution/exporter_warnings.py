"""What an exporter's log says about the truth of its artifact, found by the rules of its pipeline.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from deploymatrix.printable import printable
from deploymatrix.project.warning_specs import WarningRule

MOST = 8  # kept of each rule
LONGEST = 1000  # characters of a line that are looked at
LONGEST_TEXT = 300  # characters of a text that is kept

FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/:'\"()]+/)+")  # of this machine; the file's name stays


def warnings_in(log: str, step: str, rules: Sequence[WarningRule]) -> list[dict[str, str]]:
    """Return what a WarningRecord holds of each finding, once each and sorted: the order in a log may vary."""
    lines = [printable(line)[:LONGEST] for line in log.splitlines()]
    kept: list[dict[str, str]] = []
    for rule in rules:
        texts = sorted({_text(line, below) for line, below in _found(lines, rule)})
        kept += [{"step": step, "rule": rule.rule, "text": text, "means": rule.means} for text in texts[:MOST]]
    return kept


def _found(lines: Sequence[str], rule: WarningRule) -> Iterator[tuple[str, str]]:
    """Yield each line that the rule is about, with the line of code below it, if there is one."""
    pattern, unless = re.compile(rule.pattern), re.compile(rule.unless) if rule.unless else None
    for line, below in pairwise([*lines, ""]):
        code = below.strip() if below.startswith("  ") else ""
        if pattern.search(line) and not (unless and unless.search(f"{line}\n{code}")):
            yield line, code


def _text(line: str, code: str) -> str:
    said = FOLDERS.sub("", line).strip()[:LONGEST_TEXT]
    return f"{said} [{code[:LONGEST_TEXT]}]" if code else said
