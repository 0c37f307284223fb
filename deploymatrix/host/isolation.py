"""Where artifacts run: in containers when an engine answers, else in processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.site import Launcher, Site
from deploymatrix.project.strict import Isolation
from deploymatrix.say import Say

if TYPE_CHECKING:
    from docker import DockerClient


IsolationChoice = Literal["auto", "docker", "process"]  # what a user asks for


def launcher_for(isolation: Isolation, site: Site) -> Launcher:
    """Return what starts the workers of targets in this isolation."""
    return _LAUNCHERS[isolation](site)


def choose_isolation(wanted: IsolationChoice, say: Say) -> tuple[Isolation, DockerClient | None]:
    """Choose containers when an engine answers; never silently anything else."""
    if wanted == "process":
        return "process", None
    from deploymatrix.environments.engine import complaint, engine

    client = engine()
    if client is not None:
        return "docker", client
    none = f"no Docker engine answers ({complaint()})"
    if wanted == "docker":
        raise EnvironmentFailed(f"--isolation docker: {none}; start it, or use --isolation process")
    say(f"{none}: every artifact runs in a process of its target's runtime-only environment")
    return "process", None


def choose_for_foreign(wanted: IsolationChoice, say: Say) -> Isolation:
    """Choose for artifacts that somebody else made: containers, or processes where the user asks for these by name.

    Raise EnvironmentFailed where no engine answers: what runs in a process may do all that the user may.
    """
    if wanted == "process":
        say("--isolation process: what these artifacts do, they do with your rights on this machine")
        return "process"
    from deploymatrix.environments.engine import engine

    client = engine()
    if client is None:
        raise EnvironmentFailed(
            "no container engine answers, and artifacts that somebody else made run in containers; start the engine, "
            "or give --isolation process: then they run with your rights on this machine"
        )
    client.close()
    return "docker"


def reap_containers(client: DockerClient | None, run_id: str | None) -> None:
    """Remove the containers of this run; without a run id, those that runs which are gone left behind."""
    if client is None:
        return
    from deploymatrix.host.reaping import reap, reap_stale

    if run_id is None:
        reap_stale(client)
    else:
        reap(client, run_id)


def _in_process(site: Site) -> Launcher:
    from deploymatrix.host.in_process import InProcess

    return InProcess(site)


def _in_container(site: Site) -> Launcher:
    from deploymatrix.host.in_container import InContainer

    return InContainer(site)


_LAUNCHERS: dict[Isolation, Callable[[Site], Launcher]] = {"process": _in_process, "docker": _in_container}
