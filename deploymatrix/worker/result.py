"""What a request comes to, and an exception as data."""

from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """The fields of a `result` message; times in seconds, memory in MiB, None where nothing was measured."""

    status: str
    stage: str
    value: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    signal: str | None = None
    exit_code: int | None = None
    wall_s: float = 0.0
    cpu_s: float | None = None
    peak_mb: float | None = None
    import_s: float = 0.0

    def message(self, nonce: str) -> dict[str, Any]:
        return {"op": "result", "nonce": nonce, **asdict(self)}


def failure(error: BaseException) -> dict[str, str]:
    """Type, message and traceback, the last two cut to what a record can bear."""
    text = "".join(traceback.format_exception(error))
    return {"type": type(error).__name__, "message": str(error)[-4096:], "traceback": text[-16384:]}
