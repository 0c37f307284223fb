"""Which versions a task worked with: those a module names in `VERSIONS`, and numpy's."""

from __future__ import annotations

import functools
import importlib.metadata
from types import ModuleType


def of(*modules: ModuleType) -> dict[str, str]:
    """Versions by distribution name. Raises RuntimeError where VERSIONS names one that is not installed."""
    names = {"numpy"}.union(*(getattr(module, "VERSIONS", ()) for module in modules))
    return {name: installed(name) for name in sorted(names)}


@functools.cache
def installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise RuntimeError(f"VERSIONS names {name!r}, which is not installed in this environment") from error
