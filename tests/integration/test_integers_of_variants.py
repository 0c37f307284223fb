"""A classifier that gives class ids in int8: a decision may flip, and a runtime decides as its graph does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.variant_bench import MODEL, Bench

TOML = MODEL.replace("[4, 16]", "[64, 16]").replace('"float32"\nshape = [4, 8]', '"int64"\nshape = [64]')
CLASSES = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x):
        return self.layers(x).argmax(1)


def build():
    return Net().eval()
"""
# One class of 64 in each sample is the next one.
OTHERWISE = """

_exact_run = run


def run(session, inputs):
    answers = {name: array.copy() for name, array in _exact_run(session, inputs).items()}
    for array in answers.values():
        array[7] = (array[7] + 1) % 8
    return answers
"""


@pytest.fixture
def bench(tmp_path: Path, real_envs: Path) -> Bench:
    bench = Bench(tmp_path, real_envs)
    bench.add("classes", CLASSES, TOML)
    return bench


def test_a_class_of_two_that_are_nearly_alike_may_be_the_other(bench: Bench) -> None:
    bench.decided("-m", "classes", "-v", "int8-static", "-t", "litert")

    for cell in bench.cells():
        (output,) = cell["outputs"]
        found = output["decisions"]
        assert (cell["outcome"], found["values"], found["unfaithful"]) == ("passed", 256, 0.0), cell
        assert output["error"] > 0 and 0 < found["answered"] < 0.05 < found["limit"] < 0.16
    gate = bench.call("gate", "-m", "classes", "-v", "int8-static", "-t", "onnx", "-t", "litert")
    assert gate.returncode == 0, gate.stdout


def test_a_runtime_that_decides_otherwise_is_red_here_and_in_its_bundle(bench: Bench) -> None:
    own = bench.own("targets/onnx") / "run.py"
    own.write_text(own.read_text() + OTHERWISE)

    cell = bench.decided("-m", "classes", "-v", "int8-static")["classes/int8-static"]

    assert (cell["outcome"], cell["fails"], cell["blame"]) == ("mismatch", ["fidelity"], "runtime onnx")
    assert cell["outputs"][0]["decisions"]["unfaithful"] == 1 / 64
    again = bench.call("repro", "classes/onnx/int8-static", "--run")
    assert "now: mismatch (fidelity)" in again.stdout and "(the same outcome)" in again.stdout, again.stdout
