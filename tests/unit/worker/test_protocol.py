"""The protocol's number, which several programs in two languages and the docs must give alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploymatrix.worker import PROTOCOL

ROOT = Path(__file__).parents[3]
# PROTOCOL = 2; protocol: 2; "protocol": 2; protocol, version 2.
NUMBER = re.compile(r"\bprotocol\b\"?(?:\s*[:=]|, version)\s*(\d+)", re.IGNORECASE)
WRITTEN = [
    path.relative_to(ROOT).as_posix()
    for folder in ("deploymatrix", "docs")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".mjs", ".md"} and NUMBER.search(path.read_text(encoding="utf-8"))
]


def test_the_worker_of_each_language_gives_a_number() -> None:
    assert {"deploymatrix/worker/__init__.py", "deploymatrix/worker/server.mjs"} <= set(WRITTEN)


@pytest.mark.parametrize("path", WRITTEN)
def test_the_number_is_the_same_wherever_it_is_written(path: str) -> None:
    numbers = {int(number) for number in NUMBER.findall((ROOT / path).read_text(encoding="utf-8"))}

    assert numbers == {PROTOCOL}


def test_a_workers_start_does_not_pay_for_types() -> None:
    worker = sorted((ROOT / "deploymatrix/worker").glob("*.py"))

    paid = [path.name for path in worker if re.search(r"^from \.(protocol|tasks|modules) ", path.read_text(), re.M)]

    assert paid == []
