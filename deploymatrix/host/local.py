"""The local host: its facts and its pool of workers, for as long as a context lasts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.isolation import IsolationChoice, choose_isolation, reap_containers
from deploymatrix.host.pool import Pool
from deploymatrix.host.workshop import Workshop
from deploymatrix.project.project import Project
from deploymatrix.say import Say
from deploymatrix.store.live_runs import announced


@dataclass(frozen=True)
class Host:
    """What results depend on, and who does the work."""

    facts: HostFacts
    pool: Pool


@contextmanager
def local_host(project: Project, wanted: IsolationChoice, *, jobs: int, say: Say) -> Iterator[Host]:
    """Give a host that stops its workers, and removes what they left, when the context ends.

    Raise EnvironmentFailed when containers are wanted, for artifacts or exporters, and no engine answers.
    """
    isolation, client = choose_isolation(wanted, say)
    if project.exporters == "docker" and client is None:
        raise EnvironmentFailed(
            'exporters = "docker" needs containers, and there are none in this run. '
            "With --exporters process, model code and exporters run with your rights on this machine"
        )
    run_id = uuid.uuid4().hex[:12]
    workshop = Workshop(project, isolation=isolation, client=client, run_id=run_id, jobs=jobs, say=say)
    reap_containers(client, None)
    try:
        with announced(project.build, run_id):
            machine = client.version()["Arch"] if client is not None and isolation == "docker" else ""
            yield Host(HostFacts(project, isolation, machine), workshop)
    finally:
        workshop.close_all()
        reap_containers(client, run_id)
