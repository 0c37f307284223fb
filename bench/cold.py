"""A first run: empty store, environments and images ready. Ours against a lower bound and against two other ways.

The ways take turns within each repeat, so that a drift of the machine favours none.
"""

from __future__ import annotations

import os

from bench.bounds import Spent, critical_path_s, lower_bound_s, shares
from bench.figures import Figure, figure, ratios
from bench.observed import Observed
from bench.script_variant import ScriptRun, run_script
from bench.setting import Setting, recorded

CORES = os.cpu_count() or 1
# A new interpreter for every request, so that each imports what it needs; one at a time.
PROCESS_PER_TASK = {"DEPLOYMATRIX_WORKER_START": "spawn"}


def section(setting: Setting) -> list[Figure]:
    """Wall times of the three ways, the bound, their ratios, and what ours went into."""
    ours: list[Observed] = []
    spent: list[dict[str, Spent]] = []
    per_task: list[float] = []
    scripts: list[ScriptRun] = []
    setting.run(setting.empty("warm-up"))  # so that the first does not read the environments from the disk for all
    for _ in range(setting.repeats):
        build = setting.empty("ours")
        ours.append(setting.run(build))
        _tell("ours", ours[-1].wall_s)
        spent.append(recorded(setting.tasks(build), build))
        other = setting.empty("process-per-task")
        per_task.append(setting.run(other, "--jobs", "1", variables=PROCESS_PER_TASK, isolation="process").wall_s)
        _tell("process per task", per_task[-1])
        scripts.append(run_script(setting, setting.empty("user-script")))
        _tell("user's script", scripts[-1].wall_s)
    walls = [run.wall_s for run in ours]
    bounds = [
        lower_bound_s(tasks, children_cpu_s(run, tasks, setting.isolation), CORES)
        for run, tasks in zip(ours, spent, strict=True)
    ]
    return [
        figure("cold.wall", walls, "s"),
        figure("cold.lower_bound", bounds, "s"),
        figure("cold.critical_path", [critical_path_s(tasks) for tasks in spent], "s"),
        ratios("cold.over_lower_bound", walls, bounds),
        figure("cold.process_per_task", per_task, "s"),
        ratios("cold.process_per_task_over_ours", per_task, walls),
        figure("cold.user_script", [script.wall_s for script in scripts], "s"),
        ratios("cold.user_script_over_ours", [script.wall_s for script in scripts], walls),
        *_same_work(spent, scripts),
        *_profile(ours, spent, setting.isolation),
    ]


def _tell(way: str, seconds: float) -> None:
    print(f"bench: cold: {way}: {seconds:.1f} s", flush=True)


def children_cpu_s(run: Observed, tasks: dict[str, Spent], isolation: str) -> float:
    """CPU seconds of all workers and their children; a container's are known by its runs only, without its imports."""
    contained = 0.0 if isolation == "process" else sum(task.cpu_s for task in tasks.values() if task.kind == "run")
    return run.children_cpu_s + contained


def _same_work(spent: list[dict[str, Spent]], scripts: list[ScriptRun]) -> list[Figure]:
    """Exports and runs that succeeded: a way that did less would look fast."""
    return [
        figure(f"cold.{kind}s", [sum(task.kind == kind for task in tasks.values()) for tasks in spent], "")
        for kind in ("export", "run")
    ] + [
        figure("cold.user_script_exports", [script.exports for script in scripts], ""),
        figure("cold.user_script_runs", [script.runs for script in scripts], ""),
    ]


def _profile(ours: list[Observed], spent: list[dict[str, Spent]], isolation: str) -> list[Figure]:
    """Where the time goes, in seconds: of tasks, which overlap; the engine's own, of CPU; the cores' idle time."""
    parts = [shares(tasks) for tasks in spent]
    idle = [
        run.wall_s * CORES - run.own_cpu_s - children_cpu_s(run, tasks, isolation)
        for run, tasks in zip(ours, spent, strict=True)
    ]
    return [
        *(figure(f"profile.{name}", [part[name] for part in parts], "s") for name in parts[0]),
        figure("profile.engine", [run.own_cpu_s for run in ours], "s"),
        figure("profile.idle", idle, "s"),
    ]
