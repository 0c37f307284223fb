"""How a request ended, and an exception as data."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .protocol import ErrorReport, Stage, Status


@dataclass(frozen=True)
class Ending:
    """The fields of a `result` message: times in seconds, memory in MiB, None where nothing was measured.

    `reads`: the files outside of the environment that the child read, as far as it told.
    """

    status: Status
    stage: Stage
    value: dict[str, Any] | None = None
    error: ErrorReport | None = None
    signal: str | None = None
    exit_code: int | None = None
    wall_s: float = 0.0
    cpu_s: float | None = None
    peak_mb: float | None = None
    import_s: float = 0.0
    reads: list[str] = field(default_factory=list)

    def message(self, nonce: str) -> Mapping[str, object]:
        """Return the `result` message."""
        return {"op": "result", "nonce": nonce, **asdict(self)}


def error_report(error: BaseException) -> ErrorReport:
    """Return type, message and traceback, the last two cut to what a record can bear."""
    text = "".join(traceback.format_exception(error))
    return {"type": type(error).__name__, "message": str(error)[-4096:], "traceback": text[-16384:]}
