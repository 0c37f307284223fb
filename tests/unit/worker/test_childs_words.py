"""What a server hears of a child: the same in both languages, and nothing that is not well-formed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from deploymatrix.worker.childs_words import heard_of
from tests.unit.host.test_hostile_children import ERROR, NO_WORD, OK, said

VECTORS = Path(__file__).parents[2] / "vectors"
WORDS = {
    "a stage": said(),
    "what it read": said(reads=["/a", "/b"]),
    "a value": said(reply=OK),
    "an error": said(reply={"status": "failed", "error": ERROR}),
    "an error without a chain": said(reply={"status": "out_of_memory", "error": {**ERROR, "chain": []}}),
}
ALL = {**WORDS, **NO_WORD}


def test_what_is_well_formed_is_heard_and_nothing_else() -> None:
    heard = {name: heard_of(line.encode(), "NONCE") is not None for name, line in ALL.items()}

    assert heard == {name: name in WORDS for name in ALL}


def test_the_node_worker_hears_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH: the Node worker cannot be tried")
    asked = {name: line for name, line in ALL.items() if name != "what it read" and "reads" not in name}

    done = subprocess.run(
        [node, str(VECTORS / "hear.mjs")],
        input=json.dumps(list(asked.values())).encode(),
        capture_output=True,
        check=True,
    )

    assert dict(zip(asked, json.loads(done.stdout), strict=True)) == {name: name in WORDS for name in asked}
