"""Executions of the tiny project's tasks on a fake pool, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploymatrix.execution.executor import Execution
from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.messages import Place, Reply
from deploymatrix.host.pool import Pool
from deploymatrix.project.plan import Selection, Task, plan_cells, plan_tasks
from tests.fakes.tree import Tree

NUMPY = Place("environment", "numpy")
RUNNERS = [Place("runner", name) for name in ("npz", "plain", "wrapped")]
FAILED = Reply("failed", "export", error={"type": "ValueError", "message": "no such operator", "traceback": ""})


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.totals: list[tuple[int, int]] = []
        self.begun: list[str] = []
        self.ended: dict[str, Result | None] = {}
        self.news: list[tuple[str, str]] = []
        self.when_planned: Callable[[], object] = lambda: None
        self.when_noted: Callable[[], object] = lambda: None

    def planned(self, total: int, cached: int) -> None:
        self.totals.append((total, cached))
        self.when_planned()

    def started(self, id_: str) -> None:
        self.begun.append(id_)

    def finished(self, id_: str, result: Result | None) -> None:
        self.ended[id_] = result

    def noted(self, id_: str, what: str) -> None:
        self.news.append((id_, what))
        self.when_noted()


def tasks_of(tree: Tree, *targets: str) -> dict[str, Task]:
    return plan_tasks(plan_cells(tree.project(), Selection(targets=targets)))


def execution(tree: Tree, pool: Pool, *, fresh: bool = False, heard: Heard | None = None) -> Execution:
    project = tree.project()
    context = StageContext.of(project, HostFacts(project, "process"))
    return Execution(context, pool, jobs=2, fresh=fresh, listener=heard or Heard())


def executed(tree: Tree, pool: Pool, *, fresh: bool = False) -> Execution:
    """An execution that has run all tasks of the tiny project."""
    made = execution(tree, pool, fresh=fresh)
    made.run(tasks_of(tree))
    return made


def outcomes(made: Execution) -> dict[str, str]:
    """By target: what its comparison says."""
    return {
        id_.rpartition(" ")[2]: result.entry.about["outcome"] if isinstance(result, Done) else result.outcome
        for id_, result in made.results.items()
        if id_.startswith("compare")
    }


def artifact_of(made: Execution) -> Path:
    exported = made.results["export linear numpy>npz fp32"]
    assert isinstance(exported, Done)
    return exported.entry.files / "artifact"
