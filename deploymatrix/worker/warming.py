"""The packages of the environment that a model imports, imported before the fork: read from its text, never executed.

A model that imports a large library would otherwise pay for it in every child. Only what the environment itself holds
is imported: the same for every model, in any order.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

Wanted = tuple[str, tuple[str, ...]]  # a module, and the names that are taken from it


@functools.cache
def import_packages_of(path: Path, *, with_neighbours: bool, folders: tuple[Path, ...] = ()) -> None:
    """Import what the file names at its top and the environment holds; with what neighbours that it imports name.

    `folders`: where it finds modules besides.

    What fails here is left to the child, which meets the same and reports it as the model's.
    """
    for module, names in dict.fromkeys(wanted(path, set(), with_neighbours, folders)):
        with suppress(Exception, SystemExit):
            if is_of_the_environment(module.partition(".")[0]):
                importlib.import_module(module)
                __import__(module, fromlist=names)  # packages import some of their parts when these are asked for


def wanted(path: Path, seen: set[Path], with_neighbours: bool, folders: Sequence[Path] = ()) -> Iterator[Wanted]:
    """Yield the imports at the top of a file; instead of those that name files of the user's, what these import.

    These lie beside it, or in one of `folders`.
    """
    seen.add(path)
    for module, names in imports_of(path):
        places = (path.parent, *folders) if with_neighbours else ()
        neighbour = next((found for place in places if (found := neighbour_in(place, module))), None)
        if neighbour is None:
            yield module, names
        elif neighbour not in seen:
            yield from wanted(neighbour, seen, with_neighbours, folders)


def imports_of(path: Path) -> Iterator[Wanted]:
    """Yield the absolute imports at the top of a file, also those in a `try`; none of a file that is no Python."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return
    tried = [inner for part in body if isinstance(part, ast.Try) for inner in part.body]
    for part in [*body, *tried]:
        if isinstance(part, ast.Import):
            yield from ((alias.name, ()) for alias in part.names)
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            yield part.module, tuple(alias.name for alias in part.names if alias.name != "*")


def neighbour_in(folder: Path, module: str) -> Path | None:
    """Return the file in a folder that an import of `module` means there; of a module in a package, that module's."""
    inner = folder.joinpath(*module.split("."))
    top = folder / module.partition(".")[0]
    if inner != top and inner.with_suffix(".py").is_file():
        return inner.with_suffix(".py")
    return next((file for file in (top / "__init__.py", top.with_suffix(".py")) if file.is_file()), None)


def is_of_the_environment(top: str) -> bool:
    """Tell whether a top-level module is an installed one or the standard library's."""
    spec = importlib.util.find_spec(top)
    if spec is None:
        return False
    if spec.origin in (None, "built-in", "frozen"):  # a namespace package has no origin: its folders tell
        return all(map(is_installed, spec.submodule_search_locations or ()))
    return is_installed(spec.origin)


def import_found_in(packages: Path, model: Path, folders: list[Path]) -> None:
    """Import what `packages` holds and the model names at its top, or files in the folders of its code that it imports.

    What fails here fails again when the model imports it.
    """
    for module, names in dict.fromkeys(wanted(model, set(), with_neighbours=True, folders=folders)):
        top = packages / module.partition(".")[0]
        if top.is_dir() or top.with_suffix(".py").is_file():
            with suppress(Exception, SystemExit):
                importlib.import_module(module)
                __import__(module, fromlist=names)


def is_installed(path: str | None) -> bool:
    return path is not None and any(Path(path).resolve().is_relative_to(folder) for folder in installed_in())


@functools.cache
def installed_in() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    return tuple(Path(paths[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))
