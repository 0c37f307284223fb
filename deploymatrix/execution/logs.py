"""Logs of tasks: what a child wrote and its traceback, under a name that follows from the task's id."""

from __future__ import annotations

import re
from pathlib import Path

from deploymatrix.host import inside
from deploymatrix.host.messages import Work
from deploymatrix.project.project import Project


def log_path(build: Path, task_id: str) -> Path:
    """Return where the log of a task lies, if the task has written anything."""
    return build / "logs" / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', task_id)}.txt"


def keep_log(build: Path, task_id: str, work: Work) -> Path | None:
    """Keep what the child wrote, then its traceback. Return None when there is neither."""
    log = log_path(build, task_id)
    written = work.log.read_bytes() if work.log.is_file() else b""
    traceback = (work.reply.error or {}).get("traceback", "")
    if not written and not traceback:
        log.unlink(missing_ok=True)
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(written + traceback.encode())
    return log


def stable_text(project: Project, text: str) -> str:
    """Return `text` without what differs from run to run, and without the folders of this machine.

    The same failure must give the same bytes in the matrix, from a checkout as from a wheel.
    """
    build = str(project.build)
    text = re.sub(rf"{re.escape(build)}/work/\S*?/[0-9a-f]{{32}}", "<work>", text)
    text = re.sub(rf"{inside.INBOX}/[0-9a-f]{{32}}|{inside.ROOMS}/\d+/task", "<work>", text)
    text = text.replace(build, "build")
    for tree in sorted(map(str, project.trees), key=len, reverse=True):  # one tree may lie inside the other
        text = text.replace(tree, ".")
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
