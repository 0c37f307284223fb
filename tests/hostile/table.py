"""Prints what came of the corpus as a table in Markdown: `python -m tests.hostile.table`, after `nox -s hostile`.

It reads build/hostile/<isolation>/*.json, which the tests write: one file for each format and each group of behaviours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes.tree import REPOSITORY
from tests.hostile import corpus
from tests.hostile.declared import Hostile
from tests.hostile.projects import model_of

RESULTS = REPOSITORY / "build" / "hostile"
WORDS = {
    "leaving": "files, links, pipes and devices left in place of outputs and log",
    "delivering": "what is sent in place of outputs",
    "replying": "malformed replies",
    "arrays": "malformed arrays",
    "attacking": "attempts on server, siblings, host and kernel",
    "hoarding": "all of memory, processes, disk, descriptors, time",
    "lingering": "processes that stay",
    "speaking": "hostile words in errors and logs",
    "node": "the same, by a Node runner",
}
HEAD = "| tried | in containers | in processes | not held in processes |\n| --- | --- | --- | --- |"


def rows() -> list[str]:
    return [row(name, words) for name, words in {**dict.fromkeys(corpus.FORMATS), **WORDS}.items()]


def row(name: str, words: str | None) -> str:
    things = corpus.artifacts(name) if words is None else corpus.behaviours(name)
    containers, processes = results("docker", name), results("process", name)
    missed = ", ".join(sorted(things[n].tries for n in not_held(processes, things)))
    shown = words or f"{name} artifacts"
    return f"| {shown} | {held(containers, things)} | {held(processes, things)} | {missed or '–'} |"


def results(isolation: str, name: str) -> dict[str, Any]:
    file = RESULTS / isolation / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def held(found: dict[str, Any], things: dict[str, Hostile]) -> str:
    """How many were held, of those that were tried."""
    tried = [name for name in things if model_of(name) in found.get("outcomes", {})]
    return f"{len(tried) - len(not_held(found, things))} of {len(tried)} held" if tried else "not tried"


def not_held(found: dict[str, Any], things: dict[str, Hostile]) -> list[str]:
    return [name for name in things if model_of(name) in found.get("faults", {})]


def totals(isolation: str, folder: Path = RESULTS) -> str:
    files = sorted((folder / isolation).glob("*.json"))
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    counts = {key: sum(each[key] for each in found) for key in ("canaries", "changed", "aborted", "hangs")}
    return (
        f"{isolation}: {len(found)} runs; canaries read or written: {counts['canaries']}; answers of other cells "
        f"changed: {counts['changed']}; runs aborted: {counts['aborted']}; hangs: {counts['hangs']}"
    )


if __name__ == "__main__":
    print("\n".join([HEAD, *rows()]))
    print(*("\n" + totals(isolation) for isolation in ("docker", "process")), sep="")
