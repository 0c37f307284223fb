"""Names that a user or a file gives, held against those that are there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.nearest import nearest

Item = TypeVar("Item")


def known(key: str, name: str, names: Iterable[str], file: Path) -> None:
    """Raise ConfigurationError for a name in a file that is none of these, with the nearest one."""
    listed = list(names)
    if name not in listed:
        raise ConfigurationError(f"{file}: {key}: {name!r} does not exist; {nearest(name, listed)}")


def pick(kind: str, names: Iterable[str], items: dict[str, Item]) -> dict[str, Item]:
    """Return the named items in the project's order; all of them when there is no name.

    Raise ConfigurationError for an unknown name, with the nearest known one.
    """
    wanted = set(names)
    for name in sorted(wanted - set(items)):
        raise ConfigurationError(f"unknown {kind} {name!r}; {nearest(name, list(items))}")
    return {name: item for name, item in items.items() if not wanted or name in wanted}
