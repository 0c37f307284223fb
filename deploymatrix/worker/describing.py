"""The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`, and
which of its tables they index, through `lookups()` in the file `lookups.py` beside the runner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import versions
from .loading import load
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import DescribingRunnerModule, LookupsModule
    from .protocol import Submit
    from .tasks import DescribeArgs, DescribedTensor, DescribeValue, LookupEntry


def perform(request: Submit[DescribeArgs], reporter: Reporter) -> DescribeValue:
    """Return name, dtype and shape of each input and output, and the lookups; None where the runtime does not say."""
    module, payload = Path(request["module"]), Path(request["args"]["payload"])
    runner = cast("DescribingRunnerModule", load(module))
    used = versions.of(runner)

    reporter.stage("load")
    session = runner.load(payload)
    lookups, unread = found_lookups(module.with_name("lookups.py"), session, payload)
    if not hasattr(runner, "describe"):
        return {"inputs": None, "outputs": None, "lookups": lookups, "unread": unread, "versions": used}
    described = runner.describe(session)
    return {
        "inputs": checked_side("inputs", described["inputs"]),
        "outputs": checked_side("outputs", described["outputs"]),
        "lookups": lookups,
        "unread": unread,
        "versions": used,
    }


def found_lookups(file: Path, session: Any, payload: Path) -> tuple[list[LookupEntry] | None, str | None]:
    """Return what the file's lookups() finds, and what it raised; None where the target has no such file."""
    if not file.is_file():
        return None, None
    try:
        found = cast("LookupsModule", load(file)).lookups(session, payload)
        return [{"input": str(e["input"]), "table": str(e["table"]), "rows": int(e["rows"])} for e in found], None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


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
