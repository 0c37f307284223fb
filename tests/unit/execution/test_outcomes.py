"""From a worker's reply to an outcome: its name, its stage, and whether it comes out the same again."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.execution.outcomes import failure_of
from deploymatrix.host.messages import Reply
from deploymatrix.project.plan import TaskKind


@pytest.mark.parametrize(
    ("kind", "status", "stage", "outcome", "recorded"),
    [
        ("reference", "failed", "import", "reference_failed", "reference"),
        ("reference", "timed_out", "reference", "timed_out", "reference"),
        ("export", "failed", "open", "export_failed", "export"),
        ("export", "no_reply", "export", "export_failed", "export"),
        ("export", "signaled", "export", "crashed", "export"),
        ("run", "failed", "import", "load_failed", "load"),
        ("run", "failed", "load", "load_failed", "load"),
        ("run", "failed", "run", "run_failed", "run"),
        ("run", "no_reply", "run", "run_failed", "run"),
        ("run", "out_of_memory", "run", "out_of_memory", "run"),
    ],
)
def test_an_outcome_is_named_after_the_stage_that_failed(
    kind: TaskKind, status: str, stage: str, outcome: str, recorded: str
) -> None:
    failed = failure_of(kind, Reply(status, stage, exit_code=0), blame=None, log=None)

    assert (failed.outcome, failed.stage) == (outcome, recorded)


@pytest.mark.parametrize(
    ("reply", "lasting"),
    [
        (Reply("failed", "run"), True),
        (Reply("failed", "import"), False),
        (Reply("signaled", "run", signal="SIGSEGV"), True),
        (Reply("signaled", "run", signal="SIGABRT"), True),
        (Reply("signaled", "run", signal="SIGKILL"), False),
        (Reply("signaled", "run", signal="SIGTERM"), False),
        (Reply("timed_out", "run"), False),
        (Reply("out_of_memory", "run"), False),
    ],
)
def test_only_what_comes_out_the_same_again_is_kept(reply: Reply, lasting: bool) -> None:
    assert failure_of("run", reply, blame=None, log=None).lasting is lasting


def test_the_detail_is_the_error_without_its_traceback() -> None:
    error: Any = {"type": "ValueError", "message": "no kernel for Foo\n\nin graph", "traceback": "File …"}

    failed = failure_of("run", Reply("failed", "load", error=error), blame=None, log=None)

    assert failed.detail == "ValueError: no kernel for Foo\nin graph"
