"""A model with state, from its samples to the gate: every step is judged, and counts in keys, budgets and bundles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.stages.dispatch import question_of
from deploymatrix.matrix.files import read_matrix
from deploymatrix.repro.evidence import find_evidence
from tests.fakes.tree import Called, Tree

STEPS = 6
TOML = """
framework = "numpy"
seed = 1
steps = 6

[[feedback]]
output = "right"
input = "state"

[[inputs]]
name = "x"
dtype = "float32"
shape = [1, 4]

[[inputs]]
name = "state"
dtype = "float32"
shape = [1, 3]

[[outputs]]
name = "left"
dtype = "float32"
shape = [1, 3]

[[outputs]]
name = "right"
dtype = "float32"
shape = [1, 3]
"""
FRAMEWORK = """
import numpy as np

def freeze(model, spec, weights):
    np.savez(weights / "weights.npz", **model.build())

def open(model, spec, weights):
    return dict(np.load(weights / "weights.npz"))

def reference(model, spec, weights, dtype):
    left, right = (open(model, spec, weights)[name].astype(dtype) for name in ("left", "right"))
    found = []
    for sample in spec.samples:
        x, state = sample["x"].astype(dtype), sample["state"].astype(dtype)
        after = np.tanh(x @ right + state / np.array(2, dtype))
        found.append({"left": x @ left + after, "right": after})
    return found
"""
RUN = """
import numpy as np

def load(payload):
    return dict(np.load(payload))

def run(session, inputs):
    fault, state = str(session["fault"]), inputs["state"]
    if fault == "forgets":
        state = np.zeros_like(state)
    if fault == "keeps":
        state = state + session.get("kept", 0)
    after = np.tanh(inputs["x"] @ session["right"] + state / np.float32(2))
    if fault == "drifts":
        after = after * np.float32(1 + 3e-5)
    session["kept"] = after
    return {"left": inputs["x"] @ session["left"] + after, "right": after}
"""


@pytest.fixture
def stateful(tree: Tree) -> Tree:
    """The tiny project with a model that has state, whose artifact commits the fault of an option."""
    tree.write("models/linear/model.toml", TOML)
    tree.write("pipelines/frameworks/numpy/framework.py", FRAMEWORK)
    tree.write("targets/npz/run.py", RUN)
    tree.change("pipelines/npz/from_numpy.py", '"inputs": {"x": "x"}', '"inputs": {"x": "x", "state": "state"}')
    return tree


def commit(tree: Tree, fault: str) -> None:
    tree.append("models/linear/model.toml", f'\n[routes.npz]\noptions = {{ fault = "{fault}" }}\n')


def cell(tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"][0]
    return found


def test_the_outputs_of_all_steps_are_judged(stateful: Tree, call: Callable[..., Called]) -> None:
    done = call("run", "--isolation", "process", "-t", "npz")

    found = cell(stateful)
    assert (done.code, found["outcome"], found["changes"]) == (OK, "passed", []), found["detail"]
    for output in found["outputs"]:
        assert output["shape"] == [STEPS, 1, 3]
        assert len(output["steps"]["errors"]) == len(output["steps"]["noise"]) == STEPS
    assert call("gate", "-t", "npz").code == OK


@pytest.mark.parametrize(("fault", "outcome"), [("forgets", "mismatch"), ("drifts", "mismatch"), ("keeps", "unstable")])
def test_state_that_goes_wrong_is_seen(stateful: Tree, call: Callable[..., Called], fault: str, outcome: str) -> None:
    commit(stateful, fault)

    done = call("run", "--isolation", "process", "-t", "npz")

    assert (done.code, cell(stateful)["outcome"]) == (GATE_FAILED, outcome)


def test_a_bundle_runs_the_steps(stateful: Tree, call: Callable[..., Called]) -> None:
    commit(stateful, "forgets")
    call("run", "--isolation", "process", "-t", "npz")

    done = stateful.run("repro", "linear/npz/fp32", "--run")

    assert "now: mismatch" in done.stdout
    assert "the same outcome" in done.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": [STEPS - 1, 1, 3]}, "left: shape is [5, 1, 3], the model declares [6, 1, 3]"),
        ({"steps": None}, "left: it has no figures of steps, unlike the model"),
        ({"steps": {"errors": [0.0], "limits": [1e-6], "noise": [0.0]}}, "left: 1 errors of 6 steps"),
        (
            {"steps": {"errors": [0.0] * 5 + [0.1], "limits": [1e-6] * 6, "noise": [0.0] * 6}},
            "left: the error of step 5 is over its limit",
        ),
    ],
)
def test_a_record_that_hides_steps_closes_the_gate(
    stateful: Tree, call: Callable[..., Called], change: dict[str, Any], said: str
) -> None:
    call("run", "--isolation", "process", "-t", "npz")
    path = stateful.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    matrix["cells"][0]["outputs"][0].update(change)
    path.write_text(json.dumps(matrix), encoding="utf-8")

    done = call("gate", "-t", "npz")

    assert done.code == GATE_FAILED
    assert said in done.out


def test_steps_count_in_what_a_run_may_leave(stateful: Tree, call: Callable[..., Called]) -> None:
    asked = []
    for steps in ("steps = 6", "steps = 600"):
        stateful.write("models/linear/model.toml", TOML.replace("steps = 6", steps))
        call("run", "--isolation", "process", "-t", "npz")
        evidence = find_evidence(stateful.project(), read_matrix(stateful.build / "matrix.json").cells[0])
        asked.append(question_of(evidence.context, evidence.needs).most_bytes)

    values = 4 * (600 - 6) * 2 * 3  # of four samples and two outputs
    assert asked[1] - asked[0] == values * 7 * 16


def test_what_is_fed_back_and_how_often_is_in_the_keys(stateful: Tree) -> None:
    model = "models/linear/model.toml"
    stateful.write(model, TOML.replace('output = "right"', 'output = "left"'))
    others = [
        TOML,
        TOML.replace("steps = 6", "steps = 7"),
        TOML.replace('"state"\n\n', '"state"\ninitial = "sampled"\n\n', 1),
    ]
    found = []
    for text in others:
        stateful.write(model, text)
        project = stateful.project()
        found.append(
            (Keys(project).samples(project.models["linear"]), Keys(project).reference(project.models["linear"]))
        )

    assert len({samples.digest for samples, _ in found}) == 3
    assert len({reference.digest for _, reference in found}) == 3


def test_own_samples_are_sequences(stateful: Tree, call: Callable[..., Called]) -> None:
    folder = stateful.root / "models/linear/samples"
    folder.mkdir()
    frames = np.random.default_rng(3).standard_normal((5, STEPS, 1, 4)).astype(np.float32)
    np.savez(folder / "recorded.npz", x=frames)
    stateful.change("models/linear/model.toml", "seed = 1\n", 'seed = 1\nsamples = "samples/"\n')

    done = call("run", "--isolation", "process", "-t", "npz")

    assert (done.code, cell(stateful)["outcome"], cell(stateful)["samples"]) == (OK, "passed", 5), done.out + done.err


def test_an_own_sample_of_other_steps_is_told(stateful: Tree, call: Callable[..., Called]) -> None:
    folder = stateful.root / "models/linear/samples"
    folder.mkdir()
    np.savez(folder / "recorded.npz", x=np.ones((STEPS + 1, 1, 4), np.float32))
    stateful.change("models/linear/model.toml", "seed = 1\n", 'seed = 1\nsamples = "samples/"\n')

    call("run", "--isolation", "process", "-t", "npz")

    assert "recorded.npz: x: shape [7, 1, 4], where model.toml declares [6, 1, 4]" in cell(stateful)["detail"]


def test_few_own_sequences_are_completed_with_drawn_ones(stateful: Tree, call: Callable[..., Called]) -> None:
    code = "import numpy as np\ndef samples():\n    yield {'x': np.ones((6, 1, 4), np.float32)}\n"
    stateful.write("models/linear/samples.py", code)
    stateful.change("models/linear/model.toml", "seed = 1\n", 'seed = 1\nsamples = "samples.py"\n')

    done = call("run", "--isolation", "process", "-t", "npz")

    assert (done.code, cell(stateful)["samples"]) == (OK, 4), cell(stateful)["detail"]
