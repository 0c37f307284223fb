"""A bundle run where its cell was decided: in the target's container, or in the environment of the task's lock."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from deploymatrix.environments.model_packages import ensure_packages
from deploymatrix.environments.plain_locks import PACKAGES
from deploymatrix.environments.runtimes import ensure_runtime
from deploymatrix.errors import EnvironmentFailed
from deploymatrix.host.process_environment import own_environment
from deploymatrix.host.recipes import image_recipe
from deploymatrix.printable import printable
from deploymatrix.project.runners import Runner
from deploymatrix.project.targets import Target
from deploymatrix.repro.evidence import Evidence
from deploymatrix.repro.packing import Files, write_folder
from deploymatrix.say import Say

INSIDE = "/repro"
OUTPUTS_MB = 256


def rerun(evidence: Evidence, bundle: Files, say: Say) -> int:
    """Write the bundle into a temporary folder and run it. Return its exit code: 0 when the cell passes, 1 when not.

    Raise EnvironmentFailed when the environment, or the engine that the cell was decided with, is not to be had.
    """
    with tempfile.TemporaryDirectory(prefix="deploymatrix-repro-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a container's user must read it
        write_folder(bundle, folder)
        runner, target = evidence.runner, evidence.task.target
        if runner is not None and target is not None and evidence.cell.isolation == "docker":
            return _in_container(evidence, runner, target, folder, say)
        return _in_environment(evidence, folder, say)


def _in_environment(evidence: Evidence, folder: Path, say: Say) -> int:
    runtime = ensure_runtime(evidence.recipe, evidence.context.project.build / "envs", say)
    if evidence.packages is not None:
        packages = ensure_packages(evidence.packages, evidence.context.project.build / "envs", say)
        (folder / PACKAGES).symlink_to(packages)
    command = [str(runtime.program(evidence.worker.command[0])), str(folder / evidence.program)]
    variables = own_environment() | evidence.worker.variables_with(runtime.packages)
    return subprocess.run(command, env=variables, cwd=folder, check=False).returncode


def _in_container(evidence: Evidence, runner: Runner, target: Target, folder: Path, say: Say) -> int:
    """Run it in the target's image, with neither network nor privileges, as the run did."""
    from deploymatrix.environments.engine import engine
    from deploymatrix.environments.images import ensure_image
    from deploymatrix.host.container_limits import Bounds, limits_alone
    from deploymatrix.host.container_stream import STDERR, Stream

    project, client = evidence.context.project, engine()
    if client is None:
        raise EnvironmentFailed(f"{evidence.cell.name} was decided in a container, and no Docker engine answers")
    image = ensure_image(client, image_recipe(project, target), project.build, say)
    resources, tmp = target.spec.resources, runner.spec.tmp
    roomy = tmp.model_copy(update={"size_mb": max(tmp.size_mb, OUTPUTS_MB)})  # the program puts the outputs there
    bounds = Bounds(
        memory_mb=resources.memory_mb, pids=resources.pids, cpus=resources.cpus, tmp=roomy, shared=runner.spec.shared
    )
    container = client.containers.create(
        image.id,
        [evidence.worker.command[0], f"{INSIDE}/{evidence.program}"],
        volumes={str(folder): {"bind": INSIDE, "mode": "ro"}},
        environment={"HOME": "/tmp", "TMPDIR": "/tmp"},  # where a task of a run finds its folder
        **limits_alone(client, bounds),
    )
    try:
        stream = Stream(client, container)
        container.start()
        for kind, said in stream.frames():
            (sys.stderr if kind == STDERR else sys.stdout).write(printable(said.decode(errors="replace")))
        return int(container.wait()["StatusCode"])
    finally:
        container.remove(force=True)
