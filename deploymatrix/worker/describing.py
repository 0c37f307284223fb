"""The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import versions
from .loading import load
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import DescribingRunnerModule
    from .protocol import Submit
    from .tasks import DescribeArgs, DescribedTensor, DescribeValue


def perform(request: Submit[DescribeArgs], reporter: Reporter) -> DescribeValue:
    """Return name, dtype and shape of each input and output; None where the runtime does not say."""
    args = request["args"]
    runner = cast("DescribingRunnerModule", load(Path(request["module"])))
    used = versions.of(runner)

    reporter.stage("load")
    session = runner.load(Path(args["payload"]))
    if not hasattr(runner, "describe"):
        return {"inputs": None, "outputs": None, "versions": used}
    described = runner.describe(session)
    return {
        "inputs": checked_side("inputs", described["inputs"]),
        "outputs": checked_side("outputs", described["outputs"]),
        "versions": used,
    }


def checked_side(side: str, described: Any) -> dict[str, DescribedTensor]:
    """Raise TypeError unless it is a dict of name to dtype (or None) and shape (or None, and in it what varies)."""
    if not isinstance(described, dict):
        raise TypeError(f"describe() gave {type(described).__name__} as {side}; it must be a dict by name")
    return {
        str(name): {"dtype": dtype_name(tensor["dtype"]), "shape": sizes(tensor["shape"])}
        for name, tensor in described.items()
    }


def dtype_name(dtype: Any) -> str | None:
    return None if dtype is None else np.dtype(dtype).name


def sizes(shape: Any) -> list[int | None] | None:
    """Return the sizes; one that is negative, zero or a name varies and becomes None."""
    if shape is None:
        return None
    return [int(size) if isinstance(size, (int, np.integer)) and size > 0 else None for size in shape]
