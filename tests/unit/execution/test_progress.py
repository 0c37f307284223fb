"""What progress says of a task that ended: facts, and no verdict, since nothing has judged the cell yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.execution.progress import PlainProgress
from deploymatrix.store.entries import Entry, Record


def done(outcome: str | None = None) -> Done:
    about = {"outcome": outcome} if outcome else {}
    record = Record(kind="cells", key="k", digest="d", files={}, about=about)
    return Done(entry=Entry(Path("/nowhere"), record), cached=False)


@pytest.mark.parametrize(
    ("task", "result", "word"),
    [
        ("compare linear/npz/fp32", done("passed"), "agrees"),
        ("compare linear/npz/fp32", done("mismatch"), "mismatch"),
        ("run linear/npz/fp32", done(), "ok"),
        ("export linear/npz", Failed(outcome="crashed", stage="export", detail=""), "crashed"),
        ("export linear/npz", None, "ready"),
    ],
)
def test_a_line_says_what_a_task_came_to(
    task: str, result: Result | None, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = PlainProgress()
    progress.planned(3, cached=1)

    progress.started(task)
    progress.finished(task, result)

    err = capsys.readouterr().err
    assert err.startswith("3 tasks, 1 of them from the store\n")
    assert f" {task}: {word} (" in err
    assert "passed" not in err
