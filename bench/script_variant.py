"""The script that a user would write instead, driven: one plain process per framework environment, one after another.

Artifacts pass between them through a folder. A runtime that does not work in the exporter's process gets one of its
own, in the target's environment; Node's targets get one Node process.
"""

from __future__ import annotations

import graphlib
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import user_script
from bench.setting import REPOSITORY, Setting
from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.environments.runtimes import ensure_runtime
from deploymatrix.execution import wire
from deploymatrix.host.process_environment import own_environment
from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.host.worker_program import worker_of
from deploymatrix.numerics.samples import write_samples
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Model, Project
from deploymatrix.project.targets import Target

HERE = Path(__file__).parent
LIMIT_S = 3600


@dataclass(frozen=True, kw_only=True)
class ScriptRun:
    """Wall seconds of the whole script, and how many exports and runs succeeded in it."""

    wall_s: float
    exports: int
    runs: int


def run_script(setting: Setting, build: Path) -> ScriptRun:
    """Do the work of the selected cells in the folder `build`. Raise RuntimeError when a process of it dies."""
    project, tasks = setting.project(build), setting.tasks(build)
    start = time.perf_counter()
    folder = build / "script"
    for model in {task.model.name: task.model for task in tasks.values()}.values():
        spec = model.spec
        write_samples(spec.inputs, spec.seed, spec.samples, folder / "samples" / model.name)
    plan = folder / "plan.json"
    plan.write_text(json.dumps([_described(project, task, tasks, folder) for task in tasks.values()]))
    for environment in _in_order(project, tasks):
        python = ensure_python(environment, project.environment_lock(environment), setting.envs, print)
        _python(python, plan, environment, project.environment_variables(environment))
    for target in _without_result(project, tasks, folder):
        (_python_target if project.run_module(target).suffix == ".py" else _node_target)(setting, project, target, plan)
    wall_s = time.perf_counter() - start
    made = user_script.read_made(plan)
    done = [tasks[id_].kind for id_, result in made.items() if "error" not in result]
    return ScriptRun(wall_s=wall_s, exports=done.count("export"), runs=done.count("run"))


def _described(project: Project, task: Task, tasks: dict[str, Task], folder: Path) -> dict[str, Any]:
    """A task as the script reads it; what depends on earlier tasks is filled in there."""
    model = task.model
    names = [tensor.name for tensor in model.spec.inputs]
    samples = folder / "samples" / model.name
    return {
        "id": task.id,
        "kind": task.kind,
        "needs": task.needs,
        "place": _place(project, task, tasks),
        "target": task.target.name if task.target else None,
        "module": str(_module(project, task)),
        "opener": _opener(project, task),
        "model": str(model.module),
        "given": _given(model),
        "spec": wire.wire_spec(model, task.variant),
        "options": task.step.options if task.kind == "export" else {},
        "samples": [{n: str(samples / str(i) / f"{n}.npy") for n in names} for i in range(model.spec.samples)],
    }


def _place(project: Project, task: Task, tasks: dict[str, Task]) -> str:
    """The environment that does it; of a run, the one that made the artifact, where its runtime is tried first."""
    if task.kind == "reference":
        return project.frameworks[task.model.spec.framework].environment
    if task.kind == "export":
        return task.step.environment
    return _place(project, tasks[task.source], tasks)


def _module(project: Project, task: Task) -> Path:
    if task.kind == "reference":
        return project.opener(task.model.spec.framework, task.model.spec.framework)
    if task.kind == "export":
        return project.step_module(task.step.format, task.step.source)
    assert task.target is not None
    return project.run_module(task.target)


def _opener(project: Project, task: Task) -> str | None:
    if task.kind != "export" or task.step.opener is None:
        return None
    return str(project.opener(task.step.opener, task.model.spec.framework))


def _given(model: Model) -> dict[str, Any] | None:
    given = wire.wire_source(model)
    return given and {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}


def _in_order(project: Project, tasks: dict[str, Task]) -> list[str]:
    """The environments, each after those whose artifacts it needs. Raise CycleError where two need each other."""
    needs: dict[str, set[str]] = {}
    for task in tasks.values():
        place = _place(project, task, tasks)
        needs.setdefault(place, set()).update(_place(project, tasks[need], tasks) for need in task.needs)
    return list(graphlib.TopologicalSorter({place: found - {place} for place, found in needs.items()}).static_order())


def _without_result(project: Project, tasks: dict[str, Task], folder: Path) -> list[Target]:
    made = user_script.read_made(folder / "plan.json")
    names = {t.target.name for t in tasks.values() if t.kind == "run" and t.target and t.id not in made}
    return [project.targets[name] for name in sorted(names)]


def _python(python: Path, plan: Path, place: str, variables: dict[str, str]) -> None:
    _call([str(python), "-s", "-m", "bench.user_script", str(plan), place], variables, plan.parent / f"{place}.txt")


def _python_target(setting: Setting, project: Project, target: Target, plan: Path) -> None:
    runtime = ensure_runtime(runtime_recipe(project, target), setting.envs, print)
    _python(runtime.program("python"), plan, f"target-{target.name}", {})


def _node_target(setting: Setting, project: Project, target: Target, plan: Path) -> None:
    """Node runs what is left for the target; the comparison is made here."""
    runtime = ensure_runtime(runtime_recipe(project, target), setting.envs, print)
    requests = plan.with_name(f"{target.name}.json")
    requests.write_text(json.dumps(user_script.run_requests(plan, target.name)))
    command = [str(runtime.program("node")), str(HERE / "user_script.mjs"), str(requests)]
    variables = worker_of(project.runner_of(target)).variables_with(runtime.packages)
    _call(command, variables, plan.parent / "node.txt")
    user_script.take_over(plan, json.loads(requests.with_suffix(".made.json").read_text()))


def _call(command: list[str], variables: dict[str, str], log: Path) -> None:
    own = own_environment()
    own |= {"PYTHONPATH": str(REPOSITORY), "DEPLOYMATRIX_THREADS": str(os.cpu_count() or 1), **variables}
    with log.open("wb") as output:
        done = subprocess.run(command, env=own, stdout=output, stderr=output, timeout=LIMIT_S)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: exit code {done.returncode}\n{log.read_text(errors='replace')[-3000:]}"
        )
