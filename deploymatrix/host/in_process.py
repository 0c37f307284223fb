"""Workers as processes of this host: every exporter's, and a target's where no engine isolates it."""

from __future__ import annotations

from pathlib import Path

from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.environments.runtimes import Runtime, ensure_runtime
from deploymatrix.host.channel import Channel
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.process_environment import passed_environment
from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.host.site import Site
from deploymatrix.host.worker_program import EXPORTING, worker_of
from deploymatrix.project.targets import Target


class InProcess:
    """Targets in their runtime-only environments."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def prepare(self, target: Target) -> None:
        self._runtime(target)

    def start(self, target: Target, folder: Path, log: Path) -> Channel:
        runtime, worker = self._runtime(target), worker_of(self._site.project.runner_of(target))
        command = worker.started_from(worker.folder, runtime.program)
        return process_channel(command, worker.variables_with(runtime.packages), log)

    def _runtime(self, target: Target) -> Runtime:
        site = self._site
        return ensure_runtime(runtime_recipe(site.project, target), site.envs, site.say)


def ensure_exporter(site: Site, name: str) -> Path:
    """Return the interpreter of an exporter environment, made now if it is not there. Raise EnvironmentFailed."""
    return ensure_python(name, site.project.environment_lock(name), site.envs, site.say)


def start_exporter(site: Site, name: str, log: Path) -> Channel:
    """Start the worker of an exporter environment."""
    python = ensure_exporter(site, name)
    command = EXPORTING.started_from(EXPORTING.folder, python.with_name)
    passed = passed_environment(site.project.pass_environment)
    return process_channel(command, passed | site.project.environment_variables(name), log)
