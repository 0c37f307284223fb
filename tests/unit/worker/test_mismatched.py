"""An artifact that has other inputs than its signature says is told apart from a runtime that cannot run it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.host.messages import Reply, Request
from deploymatrix.host.process_channel import process_channel
from deploymatrix.host.worker import Worker

WORKER = Path(__file__).parents[3] / "deploymatrix/worker"
PYTHON = """
import numpy as np

def load(payload):
    return payload

def run(session, inputs):
    raise ValueError("an input is missing")

def describe(session):
    x = {"dtype": "float32", "shape": [1]}
    return {"inputs": {name: x for name in NAMES}, "outputs": {"y": x}}
"""
NODE = """
export const load = (payload) => payload;
export const run = () => { throw new TypeError('an input is missing'); };
export function describe() {
  const x = { dtype: 'float32', shape: [1] };
  return { inputs: Object.fromEntries(NAMES.map((name) => [name, x])), outputs: { y: x } };
}
"""
TENSOR = {"name": "x", "dtype": "float32", "shape": [1]}
SIGNATURE = {"inputs": {"x": TENSOR}, "outputs": {"y": {**TENSOR, "name": "y"}}}
Ask = Callable[[str], Reply]


@pytest.fixture(params=["python", "node"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("no node on PATH")
    return str(request.param)


@pytest.fixture
def ask(tmp_path: Path, language: str) -> Ask:
    """What the worker answers to `run` of an artifact whose inputs are named so."""

    def request(names: str) -> Reply:
        module = tmp_path / ("run.py" if language == "python" else "run.mjs")
        module.write_text((PYTHON if language == "python" else NODE).replace("NAMES", names))
        np.save(tmp_path / "x.npy", np.zeros(1, np.float32))
        commands = {"python": [sys.executable, "-s", str(WORKER)], "node": ["node", str(WORKER / "server.mjs")]}
        worker = Worker(lambda: process_channel(commands[language], {}, tmp_path / "worker.log"))
        sample = {"x": tmp_path / "x.npy"}
        args = {"payload": tmp_path, "signature": SIGNATURE, "samples": [sample], "repeat": 1}
        try:
            return worker.request(Request("run", module, args, tmp_path / "out", tmp_path / "log.txt", 30.0, 2048))
        finally:
            worker.close()

    return request


def test_stray_inputs_are_the_artifacts_fault(ask: Ask) -> None:
    reply = ask('["x", "stray"]')

    assert (reply.status, reply.stage) == ("failed", "run")
    assert reply.error is not None and reply.error["type"] == "WrongSignature"
    assert "stray" in reply.error["message"]
    assert reply.error["chain"][-1]["message"] == "an input is missing"


def test_a_run_that_fails_otherwise_stays_what_it_is(ask: Ask) -> None:
    reply = ask('["x"]')

    assert reply.error is not None and reply.error["type"] in ("ValueError", "TypeError")
    assert [link["message"] for link in reply.error["chain"]] == ["an input is missing"]
