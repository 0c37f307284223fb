"""Runs after a first one: with nothing changed, and after touching one model, one runner, one tolerance.

The project is copied first, so that the repository stays as it is. What was done is told by two witnesses: the keys
that changed, and the run's own counts; processes, containers and imports are watched from outside of the engine.
"""

from __future__ import annotations

import functools
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.observed import Observed
from bench.setting import Setting
from deploymatrix.execution.notes import LastKeys
from deploymatrix.matrix.files import MEASUREMENTS
from deploymatrix.matrix.measurements import Measurements
from deploymatrix.project.plan import Task

PARTS = ("models", "pipelines", "targets", "docker")
IGNORED = shutil.ignore_patterns("__pycache__", "build")


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """What a run after the first did; `wrong` tasks were done needlessly, or left out."""

    observed: Observed
    containers: int
    wrong: int
    done: int


def noop(setting: Setting) -> list[Figure]:
    """Runs with nothing changed: nothing is to be done."""
    copy, build = _first_run(setting)
    return _figures("noop", [_rerun(copy, build, lambda _: False) for _ in range(setting.repeats)])


def touch(setting: Setting) -> list[Figure]:
    """Runs after each kind of edit, each as often as asked for."""
    copy, build = _first_run(setting)
    kinds = {"model": _touch_model, "runner": _touch_runner, "tolerance": _touch_tolerance}
    return [
        found
        for name, edit in kinds.items()
        for found in _figures(f"touch_{name}", [edit(copy, build, turn) for turn in range(setting.repeats)])
    ]


@functools.cache
def _first_run(setting: Setting) -> tuple[Setting, Path]:
    """A copy of the project, and a build folder in which all of it was done once."""
    root = setting.scratch / "project"
    shutil.rmtree(root, ignore_errors=True)
    for part in PARTS:
        shutil.copytree(setting.root / part, root / part, ignore=IGNORED)
    copy, build = setting.at(root), setting.empty("again")
    copy.run(build)
    return copy, build


def _touch_model(setting: Setting, build: Path, turn: int) -> Rerun:
    """Another seed: the first model's own tasks are to be done again, and nothing else."""
    name = min(task.model.name for task in setting.tasks(build).values())
    _change(setting.root / "models" / name / "model.toml", r"(?m)^seed = .*$", f"seed = {1000 + turn}")
    return _rerun(setting, build, lambda task: task.model.name == name)


def _touch_runner(setting: Setting, build: Path, turn: int) -> Rerun:
    """Another run.py: the first target's runs, no export. Comparisons only of answers that came out otherwise."""
    target = _first_target(setting, build)
    code = setting.project(build).run_module(target)
    code.write_text(f"{code.read_text()}\n{'var ' if code.suffix == '.mjs' else ''}touched_{turn} = {turn}\n")
    return _rerun(setting, build, lambda task: task.kind == "run" and task.target and task.target.name == target.name)


def _touch_tolerance(setting: Setting, build: Path, turn: int) -> Rerun:
    """Another limit: the first target's comparisons, no run."""
    target = _first_target(setting, build)
    _change(target.folder / "target.toml", r"(?m)^fp32 = .*$", f"fp32 = {2 + turn}e-5")
    return _rerun(setting, build, lambda t: t.kind == "compare" and t.target and t.target.name == target.name)


def _first_target(setting: Setting, build: Path) -> Any:
    targets = {t.target.name: t.target for t in setting.tasks(build).values() if t.target}
    return targets[min(targets)]


def _change(path: Path, pattern: str, new: str) -> None:
    """Raise ValueError unless the pattern is there: else nothing would be touched."""
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"))
    if not count:
        raise ValueError(f"{path}: no {pattern!r} to change")
    path.write_text(text, encoding="utf-8")


def _rerun(setting: Setting, build: Path, expected: Callable[[Task], object]) -> Rerun:
    before, since = LastKeys(build), int(time.time())
    observed = setting.run(build)
    after, tasks = LastKeys(build), setting.tasks(build)
    changed = {id_ for id_ in tasks if before.get(id_) != after.get(id_)}
    wanted = {id_ for id_, task in tasks.items() if after.get(id_) and expected(task)}
    wrong = len(changed ^ wanted) + _miscounted(build, tasks, changed)
    return Rerun(
        observed=observed, containers=_containers_since(since, setting.isolation), wrong=wrong, done=len(changed)
    )


def _miscounted(build: Path, tasks: dict[str, Task], changed: set[str]) -> int:
    """By how much the run's own counts of exports and runs differ from the keys that changed."""
    measured = Measurements.model_validate_json((build / MEASUREMENTS).read_bytes())
    kinds = [tasks[id_].kind for id_ in changed]
    return abs(measured.exports - kinds.count("export")) + abs(measured.runs - kinds.count("run"))


def _containers_since(since: int, isolation: str) -> int:
    """How many containers of ours the engine has created since then; none where no engine answers."""
    if isolation == "process":
        return 0
    from deploymatrix.environments.engine import engine
    from deploymatrix.host.reaping import RUN

    client = engine()
    if client is None:
        return 0
    filters = {"type": "container", "event": "create", "label": RUN}
    events = client.events(since=since, until=int(time.time()) + 1, filters=filters, decode=True)
    return sum(1 for _ in events)


def _figures(name: str, runs: list[Rerun]) -> list[Figure]:
    return [
        figure(f"{name}.wall", [run.observed.wall_s for run in runs], "s"),
        figure(f"{name}.tasks", [run.done for run in runs], ""),
        figure(f"{name}.wrong_tasks", [run.wrong for run in runs], ""),
        figure(f"{name}.processes", [run.observed.processes for run in runs], ""),
        figure(f"{name}.containers", [run.containers for run in runs], ""),
        figure(f"{name}.frameworks", [len(run.observed.frameworks) for run in runs], ""),
    ]
