"""The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import versions
from .loading import load
from .reporting import Reporter

Described = dict[str, dict[str, Any]]


def perform(request: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Name, dtype and shape of each input and output; null where the runtime cannot tell, or has no describe()."""
    args = request["args"]
    runner = load(Path(request["module"]))
    used = versions.of(runner)

    reporter.stage("load")
    session = runner.load(Path(args["payload"]))
    if not hasattr(runner, "describe"):
        return {"inputs": None, "outputs": None, "versions": used}
    told = runner.describe(session)
    return {side: well_formed(side, told[side]) for side in ("inputs", "outputs")} | {"versions": used}


def well_formed(side: str, told: Any) -> Described:
    """Raises TypeError unless it is a dict of name to dtype (or None) and shape (or None, and in it what varies)."""
    if not isinstance(told, dict):
        raise TypeError(f"describe() gave {type(told).__name__} as {side}; it must be a dict by name")
    return {
        str(name): {"dtype": dtype(tensor["dtype"]), "shape": shape(tensor["shape"])} for name, tensor in told.items()
    }


def dtype(told: Any) -> str | None:
    return None if told is None else np.dtype(told).name


def shape(told: Any) -> list[int | None] | None:
    """Sizes; one that is negative, zero or a name varies."""
    if told is None:
        return None
    return [int(size) if isinstance(size, (int, np.integer)) and size > 0 else None for size in told]
