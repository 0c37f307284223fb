"""Servers as targets, by the shipped runner: faults planted in a tiny server are seen, and nothing of it lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from deploymatrix.environments.engine import engine
from tests.fakes.tree import Tree, environment
from tests.killing import is_linux

pytestmark = pytest.mark.skipif(not is_linux(), reason="servers are found and ended by Linux's /proc")

RUN = """
from pathlib import Path

from serving import Serving

VERSIONS = ("numpy",)
SERVING = Serving(program=Path(__file__).with_name("server.py"), health="/", infer="/")
load, run = SERVING.load, SERVING.run
"""
SERVER = """
import json, os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from v2 import arrays_of, tensors_of

FAULT = "{fault}"
MATRICES = dict(np.load(sys.argv[1]))
STATE = {{"mistaken": False, "now": 0}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(503 if FAULT == "hangs" else 200, {{}})

    def do_POST(self):
        inputs = arrays_of(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"])
        x = inputs["x"]
        if FAULT != "accepts" and (x.dtype != "float32" or x.ndim != 2):
            STATE["mistaken"] = True
            return self.answer(500 if FAULT == "blames itself" else 400, {{"error": "not the model's"}})
        STATE["now"] += 1
        time.sleep(0.05 if FAULT == "mixes" else 0)
        spoilt = FAULT == "mixes" and STATE["now"] > 1 or FAULT == "breaks" and STATE["mistaken"]
        STATE["now"] -= 1
        factor = np.float32(1.01 if FAULT == "wrong" or spoilt else 1)
        outputs = {{name: (x @ MATRICES[name] * factor).astype("float32") for name in ("left", "right")}}
        self.answer(200, {{"outputs": tensors_of(outputs)}})

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


if FAULT == "dies":
    sys.exit("no such operator: Conjure")
subprocess.Popen(["sleep", "600"], start_new_session=True)  # a worker of its own
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""
EXPECTED = {
    "right": ("passed", ""),
    "wrong": ("mismatch", "left"),
    "dies": ("load_failed", "no such operator: Conjure"),
    "hangs": ("timed_out", "no answer within 5 s, in stage load"),
    "accepts": ("run_failed", "a wrong dtype is answered as if it were right"),
    "blames itself": ("run_failed", "a wrong dtype is called the server's own fault: HTTP 500"),
    "breaks": ("run_failed", "after a wrong dtype was refused, the next answer is another one"),
    "mixes": ("run_failed", "of two requests at once, one is answered otherwise than alone"),
}


def add_server(tree: Tree, fault: str) -> str:
    """A target whose server has a fault."""
    name = f"serve-{fault.replace(' ', '-')}"
    toml = (tree.root / "targets" / "npz" / "target.toml").read_text()
    tree.write(f"targets/{name}/target.toml", toml.replace('"python"', '"serving"'))
    lock = (tree.root / "targets" / "npz" / "requirements.lock").read_text()
    tree.write(f"targets/{name}/requirements.lock", lock)
    tree.write(f"targets/{name}/run.py", RUN)
    tree.write(f"targets/{name}/server.py", SERVER.format(fault=fault))
    return name


def outcomes(tree: Tree) -> dict[str, tuple[str, str]]:
    cells = json.loads((tree.build / "matrix.json").read_text())["cells"]
    return {cell["target"]: (cell["outcome"], cell["detail"]) for cell in cells}


def living(tree: Tree) -> list[int]:
    """The servers of this project's tasks that run now, and what they started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes()
            except OSError:
                continue
            if b"DEPLOYMATRIX_SERVER=" in variables and str(tree.root).encode() in variables:
                found.append(int(entry.name))
    return found


def test_planted_faults_are_seen_and_nothing_lives_on(runnable: Tree) -> None:
    targets = {add_server(runnable, fault): expected for fault, expected in EXPECTED.items()}
    runnable.append("models/linear/model.toml", "\n[timeouts]\nrun = 5\n")

    options = [word for name in targets for word in ("-t", name)]
    done = runnable.run("run", *options, "--isolation", "process", "--jobs", "2")

    found = outcomes(runnable)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        name: outcome for name, (outcome, _) in targets.items()
    }, done.stdout
    for name, (_, words) in targets.items():
        assert words in found[name][1]
    assert living(runnable) == []


@pytest.mark.docker
def test_a_server_in_a_container_has_loopback(runnable: Tree) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    names = [add_server(runnable, fault) for fault in ("right", "wrong")]

    done = runnable.run("run", "-t", names[0], "-t", names[1], "--isolation", "docker")

    assert [outcome for outcome, _ in outcomes(runnable).values()] == ["passed", "mismatch"], done.stdout


def test_a_server_ends_with_a_killed_run(runnable: Tree) -> None:
    name = add_server(runnable, "hangs")
    command = runnable.command("run", "-t", name, "--isolation", "process")
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, start_new_session=True) as run:
        until = time.monotonic() + 60
        while len(living(runnable)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(living(runnable)) == 2  # the server, and its worker, which leads a session of its own
        os.killpg(run.pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while living(runnable) and time.monotonic() < until:
        time.sleep(0.05)
    assert living(runnable) == []
