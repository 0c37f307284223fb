"""The commands of the pages on variants, followed with a real model on one target."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from deploymatrix.errors import OK
from tests.documented import REPOSITORY, blocks
from tests.integration.conftest import Command

PAGES = ("docs/guides/variants.md", "docs/guides/red-variants.md")
ONE_CELL_EACH = ("-m", "mlp", "-t", "onnx")
NARROWED = {"run": (*ONE_CELL_EACH, "--isolation", "process"), "gate": ONE_CELL_EACH}


@pytest.fixture
def lines() -> list[list[str]]:
    """The commands of both pages in their order, as words."""
    found = [block for page in PAGES for block in blocks(REPOSITORY / page) if block.language == "sh"]
    return [shlex.split(line) for block in found for line in block.text.splitlines()]


def test_a_reader_can_do_what_the_pages_say(lines: list[list[str]], deploymatrix: Command, tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").write_text("shipped = true\n")
    assert {words[1] for words in lines} == {"run", "gate", "explain", "repro"}
    for _, command, *options in lines:
        done = deploymatrix(command, *options, *NARROWED.get(command, ()))
        assert done.returncode == OK, f"{command} {options}\n{done.stdout}\n{done.stderr}"
