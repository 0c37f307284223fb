"""The digests of what surrounds a model's code and an exporter's: environments, openers, variables, the processor."""

from __future__ import annotations

from pathlib import Path

from deploymatrix.host.machine import processor
from deploymatrix.host.process_environment import passed_environment
from deploymatrix.project.project import Project
from deploymatrix.project.routes import Step
from deploymatrix.store import digests


def environment_digest(project: Project, environment: str) -> str:
    """Digest an exporter environment: its lock, the variables that are set in it, the names of those passed to it."""
    lock = digests.of_code(project.environment_lock(environment))
    return digests.of_data([lock, project.environment_variables(environment), sorted(project.pass_environment)])


def opener_digest(opener: Path) -> str:
    """Digest a framework's module and those beside it that it may load; other openers are none of these."""
    beside = [p for p in opener.parent.glob("*.py") if p.stem != "framework" and not p.stem.startswith("from_")]
    return digests.of_data({path.name: digests.of_code(path) for path in sorted({opener, *beside})})


def passed_values(project: Project) -> dict[str, str]:
    """Digest the values of the user's variables that exporters see, since they may change results; none, no part."""
    names = project.pass_environment
    return {"passed variables": digests.of_data(passed_environment(names))} if names else {}


def made_for(step: Step) -> dict[str, str]:
    """Return the processor that the step's artifacts are machine code for; nothing, where any runs them."""
    return {"processor": processor()} if step.host else {}
