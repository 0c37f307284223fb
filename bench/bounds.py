"""Lower bounds of a run's wall time: what no schedule of the same tasks could beat."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one task took when it was executed, in seconds; `import_s` is what its worker imported for it first."""

    kind: str
    needs: tuple[str, ...]
    wall_s: float
    cpu_s: float = 0.0
    import_s: float = 0.0
    load_s: float = 0.0


def lower_bound_s(tasks: Mapping[str, Spent], cpu_s: float, cores: int) -> float:
    """The larger of the critical path and the children's CPU seconds over the cores."""
    return max(critical_path_s(tasks), cpu_s / cores)


def critical_path_s(tasks: Mapping[str, Spent]) -> float:
    """Seconds of the longest chain of tasks that need each other.

    Of imports only those of the chain's first task count: another schedule might have the others done beside it.
    """
    ends: dict[str, float] = {}
    for id_ in graphlib.TopologicalSorter({id_: needs_of(task, tasks) for id_, task in tasks.items()}).static_order():
        task = tasks[id_]
        needs = needs_of(task, tasks)
        ends[id_] = task.wall_s + max((ends[need] for need in needs), default=task.import_s)
    return max(ends.values(), default=0.0)


def needs_of(task: Spent, tasks: Mapping[str, Spent]) -> list[str]:
    return [need for need in task.needs if need in tasks]


def shares(tasks: Mapping[str, Spent]) -> dict[str, float]:
    """Seconds by what they went into, over all tasks: import, reference, export, load, run, compare."""
    seconds = dict.fromkeys(("import", "reference", "export", "load", "run", "compare"), 0.0)
    for task in tasks.values():
        seconds["import"] += task.import_s
        seconds["load"] += task.load_s
        seconds[task.kind] += task.wall_s - task.load_s
    return seconds
