"""The versions that a task worked with: numpy's, and those of the packages that a module names in `VERSIONS`."""

from __future__ import annotations

import functools
import importlib.metadata


def of(*modules: object) -> dict[str, str]:
    """Return versions by distribution name. Raise RuntimeError where VERSIONS names one that is not installed."""
    names = {"numpy"}.union(*(getattr(module, "VERSIONS", ()) for module in modules))
    return {name: installed(name) for name in sorted(names)}


@functools.cache
def installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise RuntimeError(f"VERSIONS names {name!r}, which is not installed in this environment") from error
