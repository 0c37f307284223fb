"""A running worker's container is what a committed table says: worker_container.toml beside this file."""

from __future__ import annotations

import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.engine import engine
from tests.fakes.tree import environment
from tests.hostile import projects

pytestmark = pytest.mark.docker

HERE = Path(__file__).parent
APPEARS_S = 60


@pytest.fixture
def inspected(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What the engine says of the container of a worker that is at work."""
    client = engine()
    if client is None:
        pytest.skip("no Docker engine answers")
    ground = projects.of_behaviours(tmp_path / "ground", "onnx", ["hoarding.ignores_signals"])
    command = ground.tree.command("run", "--isolation", "docker", "--timeout", "10", "--jobs", "2")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment())
    try:
        yield appeared(client, ground)
    finally:
        process.terminate()
        process.wait()


def appeared(client: Any, ground: projects.Ground) -> dict[str, Any]:
    until = time.monotonic() + APPEARS_S
    while time.monotonic() < until:
        for container in client.containers.list():
            found: dict[str, Any] = client.api.inspect_container(container.id)
            if any(
                Path(mount["Source"]).is_relative_to(ground.tree.root) for mount in found["Mounts"] if "Source" in mount
            ):
                return found
        time.sleep(0.1)
    raise AssertionError(f"no container of this project within {APPEARS_S} s")


def test_it_is_what_the_table_says(inspected: dict[str, Any]) -> None:
    table = tomllib.loads((HERE / "worker_container.toml").read_text(encoding="utf-8"))
    host = inspected["HostConfig"]

    found = {
        "config": {key: inspected["Config"][key] for key in table["config"]},
        "host": {key: plain(host[key], table["host"][key]) for key in table["host"]},
        "log": {"Type": host["LogConfig"]["Type"]},
        "ulimits": {limit["Name"]: [limit["Soft"], limit["Hard"]] for limit in host["Ulimits"] or []},
        "tmpfs": {place: sorted(options.split(",")) for place, options in (host["Tmpfs"] or {}).items()},
        "mounts": {mount["Destination"]: mount["RW"] for mount in inspected["Mounts"] if mount["Type"] == "bind"},
    }

    assert found == table
    assert {mount["Type"] for mount in inspected["Mounts"]} <= {"bind", "tmpfs"}


def plain(found: Any, expected: Any) -> Any:
    """The engine says null for an empty list or table; names of capabilities may begin with CAP_."""
    if isinstance(expected, list):
        return sorted(str(item).removeprefix("CAP_") for item in found or [])
    return found or {} if isinstance(expected, dict) else found
