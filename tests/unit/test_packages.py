"""The house: eleven packages, imports only downwards, short files, functions. docs/architecture.md shows the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.imported import ENGINE, REPOSITORY, Graph, circle, import_graph, longest_chain, package_of

# What each package may import, from the bottom to the top; everything may import the leaves.
LEAVES = {"__init__", "errors", "printable", "say"}
ORDER: dict[str, set[str]] = {
    "project": set(),
    "numerics": set(),
    "store": set(),
    "environments": set(),
    "matrix": {"project", "numerics", "store"},
    "host": {"project", "store", "environments", "worker"},
    "execution": {"project", "numerics", "store", "matrix", "host"},
    "report": {"project", "matrix"},
    "repro": {"project", "numerics", "store", "environments", "matrix", "host", "execution"},
    "verify": {"project", "numerics", "store", "environments", "matrix", "host", "execution"},
    "selftest": {"project", "numerics", "store", "matrix", "host", "execution"},
}
FACE: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {"commands", "project"},
    "commands": {*ORDER, "worker"},
    "sessions": {"project"},
    "worker": set(),
}
MAY_IMPORT: dict[str, set[str]] = {**{leaf: set() for leaf in LEAVES}, **ORDER, **FACE}

LONGEST_CHAIN = 14  # files, below the CLI
LONGEST_FILE = 300  # lines
LONGEST_FUNCTION = 45  # lines
WRITTEN = ("deploymatrix", "bench", "tests", "pipelines", "targets", "models")
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return import_graph()


def python_files(*parts: str) -> list[Path]:
    files = (path for part in parts for path in (REPOSITORY / part).rglob("*.py"))
    return sorted(path for path in files if not {"build", "_shipped"} & {*path.parts})


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_at_the_top_lie_the_packages_and_the_leaves() -> None:
    folders = {path.parent.name for path in ENGINE.glob("*/__init__.py")}
    modules = {path.stem for path in ENGINE.glob("*.py")}

    assert folders == {*ORDER, "commands", "worker"}
    assert modules == {*LEAVES, "__main__", "cli", "sessions"}


def test_packages_import_only_downwards(graph: Graph) -> None:
    upwards = [
        f"{module} imports {imported}"
        for module, below in graph.items()
        for imported in sorted(below)
        if package_of(imported) not in {package_of(module), *LEAVES, *MAY_IMPORT[package_of(module)]}
    ]

    assert upwards == []


def test_the_order_itself_has_no_way_back_up() -> None:
    packages = list(ORDER)

    for position, package in enumerate(packages):
        assert ORDER[package] <= {*packages[:position], "worker"}, package


def test_leaves_import_nothing(graph: Graph) -> None:
    assert {leaf: graph[leaf] for leaf in LEAVES} == dict.fromkeys(LEAVES, frozenset())


def test_numerics_imports_the_engine_nowhere(graph: Graph) -> None:
    """Repro bundles ship the package as it is, so not even a leaf is there."""
    numerics = [module for module in graph if package_of(module) == "numerics"]

    assert len(numerics) > 3
    assert {m: outside for m in numerics if (outside := graph[m] - {*numerics})} == {}


def test_no_module_imports_itself_by_way_of_others(graph: Graph) -> None:
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    ring = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"a"})}

    assert set(circle(ring)) == {"a", "b", "c"}


def test_the_longest_chain_of_imports_is_short(graph: Graph) -> None:
    below = {module: imported for module, imported in graph.items() if package_of(module) not in {"__main__", "cli"}}

    chain = longest_chain(below)

    assert len(chain) > 5
    assert len(chain) <= LONGEST_CHAIN, " → ".join(chain)


def test_a_chain_is_followed_to_its_end() -> None:
    tree = {"a": frozenset({"b", "c"}), "b": frozenset({"d"}), "c": frozenset(), "d": frozenset()}

    assert longest_chain(tree) == ["a", "b", "d"]


def test_imports_for_the_type_checker_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "above.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from deploymatrix import typed\n"
        "def late():\n    from deploymatrix.room import thing\n    import deploymatrix.other\n"
    )
    for name in ("typed", "other", "room"):
        (tmp_path / f"{name}.py").touch()

    assert import_graph(tmp_path)["above"] == {"room", "other"}


PACKAGES = sorted(path for path in ENGINE.rglob("__init__.py") if path.parent not in (ENGINE, ENGINE / "worker"))


@pytest.mark.parametrize("path", PACKAGES, ids=relative)
def test_a_package_says_in_one_sentence_what_it_means(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    sentence = ast.get_docstring(tree)

    assert len(tree.body) == 1, "an __init__.py re-exports nothing"
    assert sentence is not None and sentence.endswith(".") and ". " not in sentence


@pytest.mark.parametrize("path", python_files(*WRITTEN), ids=relative)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    lines = len(text.splitlines())
    assert lines <= LONGEST_FILE
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("path", python_files("deploymatrix"), ids=relative)
def test_no_runner_is_named_outside_of_environments(path: Path) -> None:
    """A runner declares itself in its own folder; environments/ has the installers that it may choose from."""
    lines = path.read_text(encoding="utf-8").splitlines()
    named = [line.strip() for line in lines if re.search(r"\bnode\b|\.mjs", line, re.IGNORECASE)]

    assert named == [] or ENGINE / "environments" in path.parents


def rows(page: Path) -> list[tuple[str, str, str]]:
    """The table of packages: name, what it means, what it may import."""
    found = re.findall(r"^\| `(\w+)/` \| (.+?) \| (.+?) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [(name, means, imports) for name, means, imports in found if name in ORDER]


def test_the_page_shows_the_order_that_is_held() -> None:
    shown = {name: set(re.findall(r"`(\w+)`", imports)) for name, _, imports in rows(ARCHITECTURE)}

    assert shown == ORDER
    assert list(shown) == list(ORDER)


def test_the_page_says_of_each_package_what_the_package_says() -> None:
    said = {name: ast.get_docstring(ast.parse((ENGINE / name / "__init__.py").read_bytes())) for name in ORDER}

    assert {name: means for name, means, _ in rows(ARCHITECTURE)} == said
