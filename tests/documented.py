"""The commands and files that the documentation shows, and whether a command is one that the program has."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import typer
from typer.core import TyperGroup

from deploymatrix.cli import app

REPOSITORY = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^`([^`\n]+)`:?\n+\Z", re.MULTILINE)
OPERATORS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "(", ")", "then", "do", "if", "!", "exec", "echo"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the file that the line before it names, if it does."""

    language: str
    text: str
    file: str | None


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a Markdown file, from the top."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], named[1] if (named := NAMED.search(text[: found.start()])) else None)
        for found in FENCE.finditer(text)
    ]


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Return every page that a user reads."""
    tops = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return tops + sorted((REPOSITORY / "docs").rglob("*.md"))


def shell_blocks(path: Path) -> list[str]:
    return [block.text for block in blocks(path) if block.language in ("sh", "bash", "yaml")]


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each call of deploymatrix in a shell script, or in a YAML file that holds some."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=False, punctuation_chars=";|&<>()")
        lexer.whitespace_split, lexer.commenters = True, "#"
        try:
            words = [word.strip("\"'`") for word in lexer]
        except ValueError:  # prose with an apostrophe
            continue
        for position, word in enumerate(words):
            if word == "deploymatrix" and (position == 0 or words[position - 1] in {*OPERATORS, "run:", "-", "-m"}):
                rest = words[position + 1 :]
                end = next((i for i, w in enumerate(rest) if w in OPERATORS or set(w) <= set(";|&<>()")), len(rest))
                yield rest[:end]


def check(words: list[str]) -> str:
    """Return the full name of the command that the words call. Raises TyperException where it is no command."""
    command = typer.main.get_command(app)
    context = command.make_context("deploymatrix", list(words))
    names = []
    while isinstance(command, TyperGroup):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None and name is not None
        context = found.make_context(name, rest, parent=context)
        command = found
        names.append(name)
    return " ".join(names)


def load_docs_script(name: str) -> ModuleType:
    """Import docs/<name>.py, which lies in no package."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
