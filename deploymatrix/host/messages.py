"""What passes between the engine and its workers: a request, a reply, and where the work is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

MOST_FILES = 100_000  # that a task may leave or send, where nothing says fewer
TaskName = Literal["sample", "reference", "export", "run", "describe"]


@dataclass(frozen=True)
class Request:
    """One task. Paths are the host's; the worker gets its own for each Path, also for those anywhere in `args`.

    `timeout_s` counts from the child's start, imports not included; `memory_mb` is how many MiB it and what it starts
    may hold resident; `most_bytes` and `most_files` bound what it sends. `out` and `log`: where the host puts what
    came, and the task never writes. `own`: where a task on the host's disk may write; by default, beside `out`.
    """

    task: str
    module: Path
    args: dict[str, Any]
    out: Path
    log: Path
    timeout_s: float
    memory_mb: float
    threads: int = 1
    most_bytes: int = 1 << 30
    most_files: int = MOST_FILES
    own: Path | None = None


@dataclass(frozen=True)
class Reply:
    """What became of a request: the fields of the protocol's `result`. None where nothing was measured."""

    status: str
    stage: str
    value: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    signal: str | None = None
    exit_code: int | None = None
    wall_s: float = 0.0
    cpu_s: float | None = None
    peak_mb: float | None = None
    import_s: float = 0.0  # seconds that the server imported for this request, before its child started
    reads: list[str] = field(default_factory=list)  # absolute paths: files outside of the environment, as far as told


def translated(value: Any, translate: Callable[[Path], str]) -> Any:
    """Return `value` with every Path in it, at any depth, as the worker's string."""
    if isinstance(value, Path):
        return translate(value)
    if isinstance(value, dict):
        return {key: translated(item, translate) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [translated(item, translate) for item in value]
    return value


@dataclass(frozen=True, order=True)
class Place:
    """Where a task's native code runs: an exporter `environment` or a target's `runner`."""

    kind: Literal["environment", "runner"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a worker answered, its files in `out`, and its log: regular files that the host alone can reach."""

    reply: Reply
    out: Path
    log: Path
