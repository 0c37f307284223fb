"""Options of a container in Podman's words: what it refuses is left out, and what it opens is closed."""

from __future__ import annotations

from typing import Any

from docker.types import Ulimit

from deploymatrix.host.engine_dialect import CLOSED, as_understood

OPTIONS = {
    "read_only": True,
    "tmpfs": {"/tmp": "rw,size=16m", "/rooms/0": "rw,size=8m,nr_inodes=16384,mode=0711"},
    "ulimits": [Ulimit(name="core", soft=0, hard=0)],
}


class Engine:
    def __init__(self, *components: str) -> None:
        self.components = components

    def version(self) -> dict[str, Any]:
        return {"Version": "1", "Components": [{"Name": name} for name in self.components]}


def test_docker_gets_what_was_meant() -> None:
    assert as_understood(Engine("Engine", "containerd"), OPTIONS) == OPTIONS  # type: ignore[arg-type]
    assert as_understood(Engine(), OPTIONS) == OPTIONS  # type: ignore[arg-type]


def test_podman_gets_no_inodes_no_folders_that_all_may_write_to_and_a_number_of_processes() -> None:
    podman: Any = Engine("Podman Engine", "Conmon")

    options = as_understood(podman, OPTIONS)

    assert options["tmpfs"] == {
        "/tmp": "rw,size=16m",
        "/rooms/0": "rw,size=8m,mode=0711",
        "/run": CLOSED,
        "/var/tmp": CLOSED,
    }
    assert {limit.name for limit in options["ulimits"]} == {"core", "nproc"}
    assert options["read_only"] is True
    assert as_understood(podman, options) == options
