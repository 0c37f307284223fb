"""What a step keeps beside an artifact answers for it in exact arithmetic, and is no part of what is shipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from deploymatrix.errors import GATE_FAILED, OK
from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.records import Cell
from deploymatrix.store.entries import Entry
from deploymatrix.store.store import Store
from tests.fakes.tree import Called, Tree

VARIANT = """
weights = "int8"
activations = "float32"
judgement = "noise"
snr_db = 20
fidelity = { share = 2.0, flips = 0.5, times = 4, least = 1e-5, far = 0.01 }
"""
PIPELINE = """
[[steps]]
from = "npz"
from_variant = "fp32"
variants = ["int8"]
environment = "numpy"

[evaluation]
environment = "numpy"
variants = ["int8"]
"""
# The artifact is the graph, or something else: a runtime that does not run what it was given is played by the latter.
STEP = """
import numpy as np

ENTRY = "model.npz"
VERSIONS = ("numpy",)
OFF = 1.0

def export(source, spec, out, options):
    arrays = dict(np.load(source))
    for name in ("left", "right"):
        scale = np.abs(arrays[name]).max() / 127
        arrays[name] = (np.round(arrays[name] / scale) * scale).astype("float32")
    (out / "evaluated").mkdir()
    np.savez(out / "evaluated" / "graph.npz", **arrays, unshipped=np.zeros(10_000))
    np.savez(out / ENTRY, **{**arrays, "left": arrays["left"] * np.float32(OFF)})
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
"""
EVALUATE = """
import numpy as np

VERSIONS = ("numpy",)

def load(payload):
    return dict(np.load(payload / "graph.npz"))

def run(session, inputs):
    return {name: inputs["x"].astype("float64") @ session[name] for name in ("left", "right")}
"""


@pytest.fixture
def quantised(tree: Tree) -> Tree:
    """The tiny project with a variant whose step keeps a graph beside the artifact."""
    tree.write("pipelines/variants/int8.toml", VARIANT)
    tree.append("pipelines/npz/pipeline.toml", PIPELINE)
    tree.write("pipelines/npz/from_npz.py", STEP)
    tree.write("pipelines/npz/evaluate.py", EVALUATE)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "int8"]')
    return tree


def cell_of(tree: Tree) -> Cell:
    (cell,) = read_matrix(tree.build / "matrix.json").cells
    return cell


def artifact_of(tree: Tree) -> Entry:
    found = Store(tree.build / "store").get("artifacts", cell_of(tree).entries["artifacts"])
    assert found is not None
    return found


SELECTED = ("-t", "npz", "-v", "int8")


def test_what_lies_beside_the_artifact_answers_for_it(quantised: Tree, call: Callable[..., Called]) -> None:
    call("run", "--isolation", "process", *SELECTED)

    fidelity = [output.fidelity for output in cell_of(quantised).outputs]
    assert [found is not None and found.error < 1e-6 < found.loss < 0.02 for found in fidelity] == [True, True]
    assert call("gate", *SELECTED).code == OK


def test_a_runtime_that_does_not_run_its_graph_is_red(quantised: Tree, call: Callable[..., Called]) -> None:
    quantised.change("pipelines/npz/from_npz.py", "OFF = 1.0", "OFF = 1.05")

    call("run", "--isolation", "process", *SELECTED)

    cell = cell_of(quantised)
    assert (cell.outcome, cell.verdict) == ("mismatch", "failed")
    assert "left: fidelity: the runtime is" in cell.detail
    assert call("gate", *SELECTED).code == GATE_FAILED


DECLARED = """
class NoSecondReference(Exception):
    pass

def run(session, inputs):
    raise NoSecondReference("no two sets of kernels agree")
"""


def test_an_evaluator_may_declare_that_it_has_no_answer(quantised: Tree, call: Callable[..., Called]) -> None:
    quantised.append("pipelines/npz/evaluate.py", DECLARED)

    call("run", "--isolation", "process", *SELECTED)

    cell = cell_of(quantised)
    assert (cell.outcome, cell.alone) == ("passed", "no two sets of kernels agree")
    assert [output.fidelity for output in cell.outputs] == [None, None]
    assert call("gate", *SELECTED).code == OK


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ('def load(payload):\n    raise ValueError("a circle")', "ValueError: a circle"),
        ('def run(session, inputs):\n    raise NotImplementedError("Foo")', "NotImplementedError: Foo"),
        ("def load(payload):\n    import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV in stage load"),
        ("def run(session, inputs):\n    import os; os._exit(0)", "exit code 0 and without a reply"),
        ("def run(session, inputs):\n    import time; time.sleep(60)", "no answer within 3 s, in stage run"),
        ('def run(session, inputs):\n    return {"left": inputs["x"] @ session["left"]}', "it gives no output right"),
    ],
    ids=["load", "run", "signal", "exit", "time", "output"],
)
def test_an_evaluator_that_fails_leaves_no_cell_that_passes(
    quantised: Tree, call: Callable[..., Called], fault: str, said: str
) -> None:
    quantised.append("models/linear/model.toml", "\n[timeouts]\nexport = 3\n")
    quantised.append("pipelines/npz/evaluate.py", f"\n\n{fault}\n")

    call("run", "--isolation", "process", *SELECTED)

    cell = cell_of(quantised)
    assert (cell.outcome, cell.stage, cell.verdict) == ("reference_failed", "reference", "failed")
    assert cell.detail.startswith("pipelines/npz/evaluate.py: ") and said in cell.detail
    assert (cell.blame, cell.alone, cell.outputs) == ("npz/evaluate", "", ())
    assert call("gate", *SELECTED).code == GATE_FAILED
    told = call("repro", "linear/npz/int8")
    assert "nothing to reproduce" in told.err and "evaluate.py" in told.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [("[:, :2]", "no such output, or one of another shape"), (" * np.nan", "values that are not finite")],
)
def test_an_answer_that_nobody_can_be_held_to_leaves_no_cell_that_passes(
    quantised: Tree, call: Callable[..., Called], answer: str, said: str
) -> None:
    quantised.change("pipelines/npz/evaluate.py", "@ session[name]", f"@ session[name]{answer}")

    call("run", "--isolation", "process", *SELECTED)

    cell = cell_of(quantised)
    assert (cell.outcome, cell.stage, cell.blame) == ("reference_failed", "reference", "npz/evaluate")
    assert f"left: the quantised graph in exact arithmetic gives {said}" in cell.detail
    assert call("gate", *SELECTED).code == GATE_FAILED


def test_it_counts_neither_in_the_size_nor_in_the_digest_of_what_is_shipped(
    quantised: Tree, call: Callable[..., Called]
) -> None:
    call("run", "--isolation", "process", *SELECTED)

    entry, artifact = artifact_of(quantised), cell_of(quantised).artifact
    shipped = entry.record.files["model.npz"]
    assert sorted(entry.record.files) == ["evaluated/graph.npz", "model.npz"]
    assert artifact is not None
    assert (artifact.bytes, artifact.sha256, artifact.files) == (shipped.bytes, shipped.sha256, {})
    assert list(entry.shipped) == ["model.npz"]
    assert entry.evaluated == entry.files / "evaluated"


def test_it_is_not_in_the_bundle(quantised: Tree, call: Callable[..., Called]) -> None:
    quantised.change("pipelines/npz/from_npz.py", "OFF = 1.0", "OFF = 1.05")
    call("run", "--isolation", "process", *SELECTED)

    bundle = quantised.root / "cell.zip"
    call("repro", "linear/npz/int8", "--bundle", str(bundle))

    names = zipfile.ZipFile(io.BytesIO(bundle.read_bytes())).namelist()
    assert [name for name in names if "artifact/" in name] == ["artifact/model.npz"]


def test_an_artifact_alone_is_as_it_always_was(tree: Tree, call: Callable[..., Called]) -> None:
    call("run", "--isolation", "process", "-t", "npz")

    entry = artifact_of(tree)
    assert entry.evaluated is None
    assert entry.shipped == entry.record.files
    assert set(np.load(entry.files / "model.npz")) == {"fault", "left", "right"}
