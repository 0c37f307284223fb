"""Which engine is asked: DOCKER_HOST, else DOCKER_CONTEXT, else the current context; never silently another one."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import docker
import pytest

from deploymatrix.environments.engine import GROUP, complaint, engine, missing_limits


class Engine(BaseHTTPRequestHandler):
    """Answers whatever it is asked with the version of its API."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[str]:
    """The address of an engine that answers."""
    path = str(tmp_path / "engine.sock")
    with socketserver.ThreadingUnixStreamServer(path, Engine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{path}"
        server.shutdown()


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user's docker configuration, in which nothing is chosen."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def test_docker_host_is_asked_first(socket: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    monkeypatch.setenv("DOCKER_HOST", socket)

    assert engine() is not None
    assert complaint() == ""


def test_a_context_that_a_variable_names_is_asked(socket: str, configuration: Path, monkeypatch: pytest.MonkeyPatch):
    docker.ContextAPI.create_context("mine", host=socket)
    (configuration / "config.json").write_text('{"currentContext": "gone"}')
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")

    assert engine() is not None


def test_the_current_context_is_asked(socket: str, configuration: Path):
    docker.ContextAPI.create_context("mine", host=socket)
    (configuration / "config.json").write_text('{"currentContext": "mine"}')

    assert engine() is not None


@pytest.mark.parametrize("variable", [True, False])
def test_for_a_context_that_is_gone_no_other_engine_is_asked(
    variable: bool, configuration: Path, monkeypatch: pytest.MonkeyPatch
):
    if variable:
        monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    else:
        (configuration / "config.json").write_text('{"currentContext": "gone"}')

    assert engine() is None
    assert complaint() == "there is no docker context 'gone'"


def test_a_socket_that_one_may_not_use_is_told_from_none(
    socket: str, configuration: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{configuration}/none.sock")
    assert "No such file" in complaint()

    monkeypatch.setattr("socket.socket.connect", _refused)
    assert complaint() == GROUP


def _refused(*_: Any) -> None:
    raise PermissionError(13, "Permission denied")


def test_limits_that_an_engine_cannot_set_are_named():
    class Rootless:
        @staticmethod
        def info() -> dict[str, Any]:
            return {"MemoryLimit": False, "SwapLimit": False, "PidsLimit": False, "CpuCfsQuota": True}

    assert missing_limits(Rootless()) == ["memory", "swap", "processes"]  # type: ignore[arg-type]
