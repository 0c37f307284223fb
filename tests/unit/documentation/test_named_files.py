"""Every file that a page names is there, and so is every name that a page says is in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.documented import REPOSITORY, blocks, pages, prose

ROOTS = ("deploymatrix", "bench", "docker", "docs", "models", "pipelines", "targets", "tests")
PLACEHOLDER = re.compile(r"<[^<>]+>")
SPAN = re.compile(r"`([^`\n]+)`")
ROOTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(ROOTS)})/(?:<[^<>\n]+>|[\w.*/-])*")
FILE_NAME = re.compile(r"(?:<[^<>]+>|[\w*-])[\w*<>.-]*\.(?:py|mjs|js|css|toml|in|lock|sh|dot|svg)")
NAMED_IN = re.compile(r"`(\w+)`(?:, `(\w+)`)* in `([\w./-]+\.\w+)`|`([\w./-]+\.\w+)` \(`(\w+)`(?:, `(\w+)`)*\)")
ELSEWHERE = {
    "deploymatrix/_shipped/": "is in the wheel",
    "budgets.toml": "is the reader's own",
    "models/mine/model.pt": "is the reader's own",
}
DECISIONS = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def file_names() -> frozenset[str]:
    folders = (REPOSITORY / root for root in ROOTS)
    return frozenset(path.name for folder in folders for path in folder.rglob("*") if path.is_file())


def named_files(page: Path) -> set[str]:
    """Return what the page names as files or folders of the repository, but for those that the reader is to write."""
    text = prose(page) + "\n".join(block.text for block in blocks(page) if block.language in ("", "python", "js"))
    rooted = {found.rstrip(".") for found in ROOTED.findall(text)}
    bare = {word for span in SPAN.findall(prose(page)) for word in span.split() if FILE_NAME.fullmatch(word)}
    own = {block.file for block in blocks(page) if block.file is not None}
    return (rooted | bare) - own


def exists(name: str) -> bool:
    """Tell whether a file has the name; with a placeholder or a star in it, whether at least one has."""
    pattern = PLACEHOLDER.sub("*", name)
    if "/" not in name:
        wanted = re.compile(re.escape(pattern).replace(r"\*", ".*"))
        return any(wanted.fullmatch(known) for known in file_names())
    return any(REPOSITORY.glob(pattern.rstrip("/")))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    assert sorted(name for name in named_files(page) - {*ELSEWHERE} if not exists(name)) == []


def test_what_is_not_there_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`deploymatrix/gone.py`, `gone.py`, docs/gone/ and `models/<m>/gone.toml`\n\n```\ntests/gone.py\n```\n"
    )

    assert named_files(page) == {
        "deploymatrix/gone.py", "gone.py", "docs/gone/", "models/<m>/gone.toml", "tests/gone.py"
    }  # fmt: skip
    assert not any(map(exists, named_files(page)))


def test_what_is_there_is_found() -> None:
    names = [
        "models/<m>/model.toml",
        "docker/*/Dockerfile",
        "tests/unit/",
        "run.py",
        "from_*.py",
        "pipelines/<format>/from_<s>.py",
    ]

    assert all(map(exists, names))


def names_in_files(text: str) -> Iterator[tuple[str, str]]:
    """Yield each name with the file that a text says it is in: `name` in `file`, or `file` (`name`)."""
    for *before, file, other, first, last in NAMED_IN.findall(text):
        yield from ((name, file or other) for name in (*before, first, last) if name)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_name_that_a_page_says_is_in_a_file_is_in_it(page: Path) -> None:
    for name, file in names_in_files(prose(page)):
        assert re.search(rf"\b{name}\b", (REPOSITORY / file).read_text(encoding="utf-8")), f"{file} has no {name}"


def test_names_are_read_in_both_orders() -> None:
    text = "`One` in `a/b.py`, and `c/d.py` (`two`, `three`)."

    assert list(names_in_files(text)) == [("One", "a/b.py"), ("two", "c/d.py"), ("three", "c/d.py")]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_says_what_why_at_what_cost_and_how_to_reverse_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    starts = [found[1] for found in re.finditer(r"^\*\*(.+?)\*\*", text, re.MULTILINE)]

    assert text.startswith("# ")
    assert starts == ["Decided.", "Why.", "It costs.", "Reverse it"]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_is_reversed_in_files_by_their_whole_names(page: Path) -> None:
    where = page.read_text(encoding="utf-8").partition("**Reverse it**")[2]
    rooted = ROOTED.findall(where)

    assert rooted and all(map(exists, rooted))


def test_the_index_names_every_page() -> None:
    index = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    below = [page.relative_to(REPOSITORY / "docs").as_posix() for page in (REPOSITORY / "docs").rglob("*.md")]

    assert [page for page in below if page != "README.md" and f"({page})" not in index] == []
