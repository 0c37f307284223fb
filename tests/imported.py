"""Which module of the engine imports which, read from the code.

A module is named as seen from the engine's folder, `project.plan`; a package's `__init__.py` bears the package's name.
Imports inside functions count. Imports under `if TYPE_CHECKING` do not: they are gone when the program runs.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ENGINE = REPOSITORY / "deploymatrix"
TOP = "__init__"
Graph = Mapping[str, frozenset[str]]


def import_graph(engine: Path = ENGINE) -> Graph:
    """Return what each module imports of the engine itself, by its name."""
    files = {_name(path, engine): path for path in sorted(engine.rglob("*.py")) if "_shipped" not in path.parts}
    return {name: frozenset(_imported(name, path, files)) - {name} for name, path in files.items()}


def package_of(module: str) -> str:
    """Return the first part of a module's name: its package, or itself where it lies at the top."""
    return module.partition(".")[0]


def circle(graph: Graph) -> list[str]:
    """Find modules that import each other; the first one stands also at the end. Empty where there are none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def longest_chain(graph: Graph) -> list[str]:
    """Follow imports the longest way down. Raises graphlib.CycleError when modules import each other."""
    chains: dict[str, list[str]] = {}
    for module in graphlib.TopologicalSorter(graph).static_order():
        below = [chains[imported] for imported in sorted(graph.get(module, frozenset()))]
        chains[module] = [module, *max(below, key=len, default=[])]
    return max(chains.values(), key=len, default=[])


def _name(path: Path, engine: Path) -> str:
    parts = path.relative_to(engine).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == TOP and len(parts) > 1 else parts)


def _imported(importer: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    package = importer if path.stem == TOP else importer.rpartition(".")[0]
    for name in _imports(ast.parse(path.read_bytes()), f"deploymatrix.{package}".rstrip(".")):
        if name == "deploymatrix" or name.startswith("deploymatrix."):
            yield next(module for module in _nearest(name.removeprefix("deploymatrix").lstrip(".")) if module in files)
        elif (beside := f"{package}.{name.partition('.')[0]}") in files:
            yield beside  # a program that runs by itself imports what lies beside it by its bare name


def _nearest(name: str) -> Iterator[str]:
    """Yield the modules that a dotted name may mean: itself, then those that may define its last parts."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield TOP


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield every dotted name that is imported: a.b for `from a import b`. Relative names start from `package`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _imports(ast.Module(node.orelse, []), package)
        else:
            yield from _imports(node, package)
