"""What a task's failure is told as: its decisive line, or the limit that it broke and the key that sets it."""

from __future__ import annotations

from pathlib import Path

from deploymatrix.execution.decisive import Link, decisive
from deploymatrix.execution.outcomes import Failed
from deploymatrix.execution.stages.missing_packages import missing_package
from deploymatrix.host.messages import Reply
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Project

RUNS = ("run", "answer")  # what a target does
LOG_TAIL = 1 << 16  # bytes of a log that are searched
WRONG_SIGNATURE = "WrongSignature"  # the worker's name for an artifact whose inputs are not its signature's


def told(project: Project, task: Task, failed: Failed, reply: Reply, limits: tuple[float, int]) -> str:
    """Return the detail of a failure. limits: the seconds and MiB that the task was given."""
    seconds, mib = limits
    if failed.outcome == "timed_out":
        return _too_late(project, task, failed, reply, seconds)
    if failed.outcome == "out_of_memory":
        return f"{failed.detail}; the limit is {mib} MiB ({memory_key(project, task)})"
    missing = missing_package(project, task, reply)
    return f"{missing} ({cause_of(failed, reply)})" if missing else cause_of(failed, reply)


def cause_of(failed: Failed, reply: Reply) -> str:
    """Return the decisive lines of a reply; the failure's own detail where there is no exception."""
    return decisive(_chain(reply), log_tail(failed.log)) or failed.detail


def at_fault(task: Task, reply: Reply) -> str | None:
    """Name the step to blame for a run that failed by the artifact's nature: its inputs are not its signature's."""
    is_wrong = (reply.error or {}).get("type") == WRONG_SIGNATURE
    return task.step.name if task.kind in RUNS and is_wrong else None


def time_key(project: Project, task: Task) -> str:
    """Say what sets a task's seconds."""
    if project.timeout_s is not None:
        return "--timeout"
    return f"timeouts.{'run' if task.kind in RUNS else 'export'} in {_model_toml(project, task)}"


def memory_key(project: Project, task: Task) -> str:
    """Say what sets a task's MiB."""
    if task.kind in RUNS:
        return f"resources.memory_mb in {project.shown(task.on.folder / 'target.toml')}"
    return f"memory_mb in {_model_toml(project, task)}"


def log_tail(log: Path | None) -> str:
    """Return the end of a log; nothing where there is none."""
    if log is None or not log.is_file():
        return ""
    return log.read_bytes()[-LOG_TAIL:].decode("utf-8", errors="replace")


def _too_late(project: Project, task: Task, failed: Failed, reply: Reply, seconds: float) -> str:
    """Tell whose limit it was: the task's, or the worker's own, which no key sets."""
    message = (reply.error or {}).get("message", "")
    if message.startswith("the worker ended"):
        return f"no answer in stage {failed.stage}: {message}"
    return f"no answer within {seconds:g} s, in stage {failed.stage} ({time_key(project, task)})"


def _chain(reply: Reply) -> list[Link]:
    """Return the exceptions of a reply; a process that ended without one counts as one, a crash has none."""
    error = reply.error or {}
    if reply.status not in ("failed", "no_reply") or not error:
        return []
    alone = {"type": error.get("type", "Error"), "message": error.get("message", ""), "link": ""}
    return error.get("chain") or [alone]


def _model_toml(project: Project, task: Task) -> str:
    return project.shown(task.model.folder / "model.toml")
