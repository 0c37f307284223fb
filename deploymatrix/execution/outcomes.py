"""How a task ended: with an entry in the store, or with the outcome that its cells get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deploymatrix.matrix.records import Outcome, Stage
from deploymatrix.printable import printable
from deploymatrix.store.entries import Entry

if TYPE_CHECKING:
    from deploymatrix.host.messages import Reply


@dataclass(frozen=True, kw_only=True)
class Done:
    """The task's result is in the store."""

    entry: Entry
    cached: bool


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What the cells that need the task get. `blame` names a step where one is at fault.

    A `lasting` failure comes out the same again, so it is kept; others may pass on a machine that is less busy.
    """

    outcome: Outcome
    stage: Stage
    detail: str
    blame: str | None = None
    log: Path | None = None
    lasting: bool = True


Result = Done | Failed
# A task that asks a worker bears the name of its stage; `sample`, which a reference needs, has none of its own.
NativeTask = Literal["sample", "reference", "export", "run"]

PASSING_FAULTS: frozenset[Outcome] = frozenset({"timed_out", "out_of_memory"})
SENT_BY_OTHERS = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"})  # no fault of native code raises these by itself
# What the system says of a disk, in whatever exception: the next run may find another one.
DISK_FAULTS = ("No space left on device", "Disk quota exceeded", "Read-only file system", "Input/output error")

FAILED_IN: dict[Stage, Outcome] = {
    "reference": "reference_failed",
    "export": "export_failed",
    "load": "load_failed",
    "run": "run_failed",
}


def entry_of(results: Mapping[str, Result], id_: str) -> Entry | None:
    """Return what a task left in the store; None where it failed, or was not asked for."""
    result = results.get(id_)
    return result.entry if isinstance(result, Done) else None


def failure_of(task: NativeTask, reply: Reply, *, blame: str | None, log: Path | None) -> Failed:
    """Return the failure that a worker's reply tells; `task` is what the worker was asked."""
    stage = _stage(task, reply.stage)
    outcome, detail = _outcome_and_detail(stage, reply)
    by_chance = outcome in PASSING_FAULTS or reply.signal in SENT_BY_OTHERS
    by_chance = by_chance or any(words in _message(reply) for words in DISK_FAULTS)
    lasting = not by_chance and reply.stage != "import"  # a failed import may be the environment's fault
    return Failed(outcome=outcome, stage=stage, detail=detail, blame=blame, log=log, lasting=lasting)


def _stage(task: NativeTask, reported: str) -> Stage:
    """Return the stage that a task failed in, given the one that its worker reported last.

    A run is two stages, and a runner whose import fails cannot load anything.
    """
    if task == "run":
        return "run" if reported == "run" else "load"
    return stage_of(task)


def stage_of(task: NativeTask) -> Stage:
    """Return the stage of a cell that a task belongs to: samples are a part of its reference."""
    return "reference" if task == "sample" else task


def _outcome_and_detail(stage: Stage, reply: Reply) -> tuple[Outcome, str]:
    if reply.status == "signaled":
        return "crashed", f"killed by {reply.signal} in stage {stage}"
    if reply.status == "timed_out":
        return "timed_out", f"no answer within the time limit, in stage {stage}"
    if reply.status == "out_of_memory":
        return "out_of_memory", _message(reply) or f"over the memory limit, in stage {stage}"
    if reply.status == "no_reply":
        return FAILED_IN[stage], _message(reply) or f"ended with exit code {reply.exit_code} and without a reply"
    return FAILED_IN[stage], _message(reply)


def _message(reply: Reply) -> str:
    """Return one or a few lines; the whole traceback is in the log."""
    if not reply.error:
        return ""
    kind, text = reply.error.get("type", "Error"), printable(reply.error.get("message", "")).strip()
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    shown = "\n".join(lines[:6])[:600]
    return f"{kind}: {shown}" if shown else kind
