"""What a request costs beyond its task: to a worker that has loaded a framework, and to one in a container.

The task is `idle/run.py`, so that all of a round trip is overhead: fork, reading one sample, writing it, reply, reap.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.figures import Figure, figure
from bench.setting import Setting
from deploymatrix.environments.interpreters import ensure_python
from deploymatrix.host.channel import Channel
from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker
from deploymatrix.host.worker_program import WORKER, worker_of
from deploymatrix.project.targets import Target

REQUESTS = 20  # for each repeat
IDLE = Path(__file__).parent / "idle"
TENSOR = {"name": "x", "dtype": "float32", "shape": [1, 4]}
SIGNATURE = {"inputs": {"x": TENSOR}, "outputs": {"x": TENSOR}}


def section(setting: Setting) -> list[Figure]:
    """Milliseconds per request; seconds to start. A container only where an engine answers and has the image."""
    build = setting.empty("worker")
    np.save(build / "sample.npy", np.zeros((1, 4), dtype=np.float32))
    figures = _measured("worker", setting, build, *_exporter(setting, build))
    contained = _container(setting, build)
    return figures + (_measured("container", setting, build, *contained) if contained else [])


def _measured(name: str, setting: Setting, build: Path, start: Callable[[], Channel], loaded: Path) -> list[Figure]:
    """`loaded`: a module that the worker imports before it forks, with its framework."""
    overheads, starts, imports = [], [], []
    for _ in range(setting.repeats):
        worker = Worker(start)
        try:
            first = _ask(worker, build, loaded)
            starts.append(worker.start_s)
            imports.append(first.import_s)
            overheads += [_round_trip_ms(worker, build, loaded) for _ in range(REQUESTS)]
        finally:
            worker.close()
    return [
        figure(f"{name}.overhead", overheads, "ms"),
        figure(f"{name}.start", starts, "s"),
        figure(f"{name}.import", imports, "s"),
    ]


def _round_trip_ms(worker: Worker, build: Path, loaded: Path) -> float:
    start = time.perf_counter()
    _ask(worker, build, loaded)
    return (time.perf_counter() - start) * 1e3


def _ask(worker: Worker, build: Path, loaded: Path) -> Reply:
    folder = build / "taken" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    sample = build / "sample.npy"
    args = {"model": loaded, "payload": sample, "signature": SIGNATURE, "samples": [{"x": sample}], "repeat": 1}
    reply = worker.request(
        Request("run", IDLE / "run.py", args, folder / "out", folder / "log.txt", timeout_s=60, memory_mb=8192)
    )
    if reply.status != "ok":
        raise RuntimeError(f"the idle task: {reply}")
    return reply


def _exporter(setting: Setting, build: Path) -> tuple[Callable[[], Channel], Path]:
    """The environment that most steps need, loaded with the first of them."""
    project = setting.project(build)
    steps = [(name, step) for name, spec in project.pipelines.items() for step in spec.steps]
    environments = [step.environment for _, step in steps]
    common = max(sorted(set(environments)), key=environments.count)
    format_, step = next((name, step) for name, step in steps if step.environment == common)
    python = ensure_python(common, project.environment_lock(common), setting.envs, print)
    command, variables = [str(python), "-s", str(WORKER)], project.environment_variables(common)
    log = build / "worker.txt"
    return lambda: process_channel(command, variables, log), project.step_module(format_, step.source)


def _container(setting: Setting, build: Path) -> tuple[Callable[[], Channel], Path] | None:
    from deploymatrix.environments.engine import engine
    from deploymatrix.environments.images import ensure_image
    from deploymatrix.host import inside
    from deploymatrix.host.container_channel import container_channel
    from deploymatrix.host.container_limits import Bounds
    from deploymatrix.host.inbox import Inbox, Mount
    from deploymatrix.host.recipes import image_recipe

    client = None if setting.isolation == "process" else engine()
    if client is None:
        return None
    project = setting.project(build)
    target = _python_target(list(project.targets.values()))
    image = ensure_image(client, image_recipe(project, target), build, print)
    worker = worker_of(project.runner_of(target))
    seen = {worker.folder: inside.WORKER, target.folder: inside.TARGET, IDLE: f"{inside.ALL}/idle"}
    mounts = [Mount(host, place) for host, place in seen.items()]
    bounds, run_id = Bounds(memory_mb=8192), f"bench-{uuid.uuid4().hex[:8]}"

    def start() -> Channel:
        inbox = Inbox(build / "inbox" / uuid.uuid4().hex, inside.INBOX)
        command = worker.started_from(inside.WORKER, str)
        return container_channel(client, image, mounts, bounds, inbox=inbox, run_id=run_id, command=command)

    return start, project.run_module(target)


def _python_target(targets: list[Target]) -> Target:
    return next(target for target in targets if target.spec.runner == "python" and "server" in target.spec.tags)
