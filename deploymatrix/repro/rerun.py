"""Runs a bundle where its cell was decided: in the target's container, or in the environment of the task's lock."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deploymatrix.environments.interpreters import ensure_node, ensure_python
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.execution.stages.dispatch import place_of
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Target
from deploymatrix.repro.bundle import bundle_files, write_folder
from deploymatrix.repro.evidence import Evidence
from deploymatrix.say import Say

INSIDE = "/repro"
SMALL_TMP = "rw,nosuid,nodev,size=256m,mode=1777"


def rerun(evidence: Evidence, say: Say) -> int:
    """Unpack the bundle into a temporary folder and run it; gives its exit code: 0 when the cell passes, 1 when not.

    Raises EnvironmentFailed when the environment, or the engine that the cell was decided with, is not to be had.
    """
    with tempfile.TemporaryDirectory(prefix="deploymatrix-repro-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a container's user must read it
        write_folder(bundle_files(evidence), folder)
        target = evidence.task.target
        if target is not None and evidence.cell.isolation == "docker":
            return _in_container(evidence, target, folder, say)
        return _in_environment(evidence, evidence.task, folder, say)


def _in_environment(evidence: Evidence, task: Task, folder: Path, say: Say) -> int:
    project, place = evidence.context.project, place_of(evidence.context, task)
    assert place is not None, f"{task.id} runs no native code"
    name, envs = f"target-{place.name}" if place.kind == "runner" else place.name, project.build / "envs"
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if evidence.runner == "node":
        home = ensure_node(name, evidence.lock, project.runners["node"] / "requirements.lock", envs, say)
        interpreter = home / "bin" / "node"
        variables["DEPLOYMATRIX_NODE_MODULES"] = str(home / "node_modules")
    else:
        interpreter = ensure_python(name, evidence.lock, envs, say)
    command = [str(interpreter), str(folder / evidence.program)]
    return subprocess.run(command, env=variables, cwd=folder, check=False).returncode


def _in_container(evidence: Evidence, target: Target, folder: Path, say: Say) -> int:
    """In the target's image, with neither network nor privileges, as the run did."""
    from deploymatrix.environments.engine import engine
    from deploymatrix.environments.images import ensure_image

    project, client = evidence.context.project, engine()
    if client is None:
        raise EnvironmentFailed(f"{evidence.cell.name} was decided in a container, and no Docker engine answers")
    image = ensure_image(
        client,
        docker_dir=project.docker,
        target=target.name,
        runner=target.spec.runner,
        lock=evidence.lock,
        build=project.build,
        say=say,
    )
    container = client.containers.run(
        image.tag,
        ["node" if evidence.runner == "node" else "python3", f"{INSIDE}/{evidence.program}"],
        detach=True,
        init=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit=f"{target.spec.resources.memory_mb}m",
        tmpfs={"/tmp": SMALL_TMP},
        volumes={str(folder): {"bind": INSIDE, "mode": "ro"}},
    )
    try:
        for said in container.logs(stream=True):
            sys.stdout.write(said.decode(errors="replace"))
        return int(container.wait()["StatusCode"])
    finally:
        container.remove(force=True)
