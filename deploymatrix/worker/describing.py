"""The task `describe`: what an artifact itself says of its inputs and outputs, through the runner's `describe()`, and
which of its tables they index, through `lookups()` in the file `lookups.py` beside the runner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import choosing, versions
from .loading import load
from .reporting import Reporter

if TYPE_CHECKING:
    from .modules import DescribingRunnerModule, LookupsModule
    from .protocol import Submit
    from .tasks import DescribeArgs, DescribedTensor, DescribeValue, LookupEntry

BFLOAT16 = "bfloat16"  # which a runner may tell by its name alone: it travels as float32


def perform(request: Submit[DescribeArgs], reporter: Reporter) -> DescribeValue:
    """Return name, dtype and shape of each input and output, and the lookups; None where the runtime does not say."""
    module, payload = Path(request["module"]), Path(request["args"]["payload"])
    runner = cast("DescribingRunnerModule", load(module))
    value = nothing_told(versions.of(runner))

    reporter.stage("load")
    names = value["signatures"] = choosing.signatures_of(runner, payload)
    if names:
        value["chosen"] = choosing.choice(runner, names, request["args"].get("chosen"))
        if value["chosen"] is None:
            return value  # the user must choose
    session = choosing.choosing(runner, value["chosen"]).load(payload)
    value["lookups"], value["unread"] = found_lookups(module.with_name("lookups.py"), session, payload)
    if hasattr(runner, "describe"):
        described = runner.describe(session)
        value["inputs"] = checked_side("inputs", described["inputs"])
        value["outputs"] = checked_side("outputs", described["outputs"])
    return value


def nothing_told(used: dict[str, str]) -> DescribeValue:
    return {
        "inputs": None,
        "outputs": None,
        "lookups": None,
        "unread": None,
        "signatures": None,
        "chosen": None,
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
    """Return the dtype's name; numpy may not know it, as bfloat16."""
    if dtype is None:
        return None
    return BFLOAT16 if isinstance(dtype, str) and dtype == BFLOAT16 else np.dtype(dtype).name


def sizes(shape: Any) -> list[int | str | None] | None:
    """Return the sizes: a number, the name of one that varies, or None for one that varies and bears no name."""
    return None if shape is None else [size_of(size) for size in shape]


def size_of(size: Any) -> int | str | None:
    if isinstance(size, str):
        return size or None
    return int(size) if isinstance(size, (int, np.integer)) and size > 0 else None
