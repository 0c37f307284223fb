"""The task `describe`, through a real worker in either language."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

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
    return inputs
"""
DESCRIBES = """
def describe(session):
    x = {"dtype": np.float32, "shape": np.array([1, -1, 3])}
    inputs = {"x": x, "ids": {"dtype": None, "shape": None}}
    return {"inputs": inputs, "outputs": {0: {"dtype": "int64", "shape": ["n", -1]}}}
"""
NODE = """
export const load = (payload) => payload;
export const run = (session, inputs) => inputs;
"""
NODE_DESCRIBES = """
export function describe() {
  const x = { dtype: 'float32', shape: [1, -1, 3] };
  return { inputs: { x, ids: { dtype: null, shape: null } }, outputs: { 0: { dtype: 'int64', shape: ['n', NaN] } } };
}
"""
TOLD = {
    "inputs": {"x": {"dtype": "float32", "shape": [1, None, 3]}, "ids": {"dtype": None, "shape": None}},
    "outputs": {"0": {"dtype": "int64", "shape": ["n", None]}},
}
LOOKUPS = {
    "python": """
def lookups(session, payload):
    assert session == payload
    return [{"input": 0, "table": "token.weight", "rows": 7, "more": None}]
""",
    "node": """
export const lookups = async (session, payload) => [{ input: '0', table: 'token.weight', rows: 7, more: payload }];
""",
}
FAILING_LOOKUPS = {
    "python": "def lookups(session, payload): raise KeyError('axis')",
    "node": "export function lookups() { throw new Error('axis'); }",
}
Ask = Callable[..., Reply]


@pytest.fixture(params=["python", "node"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("no node on PATH; the integration tests describe with the one that the engine installs")
    return str(request.param)


@pytest.fixture
def ask(tmp_path: Path, language: str) -> Ask:
    """What the worker answers to `describe` with this text as its runner."""

    def request(text: str, lookups: str | None = None) -> Reply:
        module = tmp_path / ("run.py" if language == "python" else "run.mjs")
        module.write_text(text)
        if lookups is not None:
            module.with_stem("lookups").write_text(lookups)
        commands = {"python": [sys.executable, "-s", str(WORKER)], "node": ["node", str(WORKER / "server.mjs")]}
        worker = Worker(lambda: process_channel(commands[language], {}, tmp_path / "worker.log"))
        asked = Request("describe", module, {"payload": tmp_path}, tmp_path / "out", tmp_path / "log.txt", 30.0, 2048)
        try:
            return worker.request(asked)
        finally:
            worker.close()

    return request


def test_names_dtypes_and_shapes_are_told_and_what_varies_is_a_name_or_null(ask: Ask, language: str) -> None:
    reply = ask(PYTHON + DESCRIBES if language == "python" else NODE + NODE_DESCRIBES)
    assert reply.status == "ok", reply.error
    assert reply.value is not None
    assert {side: reply.value[side] for side in ("inputs", "outputs")} == TOLD


def test_a_runner_without_describe_tells_nothing(ask: Ask, language: str) -> None:
    reply = ask(PYTHON if language == "python" else NODE)
    assert reply.status == "ok", reply.error
    assert reply.value is not None
    assert reply.value["inputs"] is None and reply.value["outputs"] is None


def test_lookups_are_told_by_the_file_beside_the_runner(ask: Ask, language: str) -> None:
    runner = PYTHON if language == "python" else NODE
    without, with_them = ask(runner).value, ask(runner, LOOKUPS[language]).value
    assert without is not None and with_them is not None
    assert (without["lookups"], without["unread"]) == (None, None)
    assert with_them["lookups"] == [{"input": "0", "table": "token.weight", "rows": 7}]
    assert with_them["unread"] is None


def test_an_artifact_is_not_wrong_because_its_graph_cannot_be_followed(ask: Ask, language: str) -> None:
    reply = ask(PYTHON + DESCRIBES if language == "python" else NODE + NODE_DESCRIBES, FAILING_LOOKUPS[language])
    assert reply.status == "ok" and reply.value is not None
    assert {side: reply.value[side] for side in ("inputs", "outputs")} == TOLD
    assert reply.value["lookups"] is None
    assert "axis" in reply.value["unread"]


def test_an_artifact_that_cannot_be_loaded_fails_in_load(ask: Ask, language: str) -> None:
    broken = {
        "python": PYTHON.replace("return payload", "raise ValueError('no such operator')"),
        "node": NODE.replace("(payload) => payload", "() => { throw new Error('no such operator'); }"),
    }
    reply = ask(broken[language])
    assert (reply.status, reply.stage) == ("failed", "load")
    assert reply.error is not None and "no such operator" in reply.error["message"]
