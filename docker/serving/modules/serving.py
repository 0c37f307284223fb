"""A server as a target: started on loopback, waited for, asked in each way that it offers, checked, and ended."""

from __future__ import annotations

import os
import socket
import sys
import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checking import ServerFault, check, same
from server_process import ServerProcess
from v2 import MODEL, Arrays, Grpc, Rest


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How a target's server is started and asked.

    `program`: started as `program <payload> <port> <port of gRPC>`. `health`: the path that answers 200 once the model
    is there. `infer`: the path that takes inputs. `stubs`: the server's own messages and services of gRPC.
    """

    program: Path
    health: str = "/v2/health/ready"
    infer: str = f"/v2/models/{MODEL}/infer"
    stubs: tuple[Any, Any] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def load(self, payload: Path) -> Session:
        """Start a server. Raise RuntimeError, in the server's own words, where it does not get healthy."""
        port, grpc_port = free_ports(2)
        command = [sys.executable, "-P", "-s", str(self.program), str(payload), str(port), str(grpc_port)]
        packages = [path for path in (os.environ.get("PYTHONPATH"), str(Path(__file__).parent)) if path]
        process = ServerProcess(command, {**self.variables, "PYTHONPATH": os.pathsep.join(packages)})
        try:
            process.wait_for(f"http://127.0.0.1:{port}{self.health}")
        except BaseException:
            process.end()
            raise
        grpc = [Grpc(grpc_port, *self.stubs)] if self.stubs else []
        return Session(process, [Rest(port, self.infer), *grpc])

    def run(self, session: Session, inputs: Arrays) -> Arrays:
        """The outputs by name. Raise ServerFault for what a server may not do."""
        return session.answer(inputs)


class Session:
    """A healthy server and its clients. It ends the server as it ends itself."""

    def __init__(self, process: ServerProcess, clients: list[Any]) -> None:
        self.clients, self.checked = clients, False
        weakref.finalize(self, process.end)

    def answer(self, inputs: Arrays) -> Arrays:
        """Ask in each way; the first time, check the server, too."""
        answers = [client.ask(inputs) for client in self.clients]
        for client, answer in zip(self.clients, answers, strict=True):
            if not same(answer, answers[0]):
                raise ServerFault(f"{client.name} answers otherwise than {self.clients[0].name}")
            if not self.checked:
                check(client, inputs, answer)
        self.checked = True
        return answers[0]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
