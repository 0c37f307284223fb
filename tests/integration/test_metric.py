"""Task accuracy in the tiny project, with real workers: a variant whose answers are near, and worthless."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.tree import REPOSITORY, Tree

Command = Callable[..., subprocess.CompletedProcess[str]]

TOML = "models/linear/model.toml"
METRIC = """
[metric]
kind = "top1"
data = "labelled.npz"
output = "left"
"""
# Classes that differ by a ten-thousandth of their size: what int8 rounds away.
MODEL = """
import numpy as np

def build():
    generator = np.random.default_rng(7)
    right = generator.standard_normal((4, 3)).astype(np.float32)
    return {"left": 10 + 1e-2 * generator.standard_normal((4, 3)).astype(np.float32), "right": right}
"""
INT8 = """
weights = "int8"
activations = "float32"
judgement = "noise"
snr_db = 20
fidelity = { share = 2.0, flips = 0.5, times = 4, least = 1e-5, far = 0.01 }
"""
STEP = """
import numpy as np

OPTIONS = ()
ENTRY = "model.npz"
VERSIONS = ("numpy",)


def export(source, spec, out, options):
    arrays = dict(np.load(source))
    for name in ("left", "right"):
        scale = np.abs(arrays[name]).max() / 127
        arrays[name] = (np.round(arrays[name] / scale) * scale).astype(np.float32)
    np.savez(out / ENTRY, **arrays)
    return {"inputs": {"x": "x"}, "outputs": {"left": "left", "right": "right"}}
"""
SCORE = """
def score(outputs, labels):
    return (outputs["left"].argmax(axis=-1) == labels["kind"]).mean()
"""


PROGRAM = """
import numpy as np

def samples():
    for i in range(8):
        yield {"x": np.full((1, 4), i - 4, "float32"), "label": np.array([i % 3])}
"""


def build() -> Any:
    found: dict[str, Any] = {}
    exec(MODEL, found)
    return found["build"]()["left"].astype("float64")


@pytest.fixture
def labelled(tree: Tree) -> Tree:
    """The tiny project; its model tells three classes apart, and has forty labelled samples, two of them wrong."""
    tree.write("models/linear/model.py", MODEL)
    tree.append(TOML, METRIC)
    tree.write("pipelines/variants/int8.toml", INT8)
    tree.write("pipelines/npz/from_npz.py", STEP)
    steps = '\n[[steps]]\nfrom = "npz"\nfrom_variant = "fp32"\nvariants = ["int8"]\nenvironment = "numpy"\n'
    tree.append("pipelines/npz/pipeline.toml", steps)
    tree.change("targets/npz/target.toml", 'variants = ["fp32"]', 'variants = ["fp32", "int8"]')
    x = np.random.default_rng(8).uniform(-1, 1, (40, 4)).astype("float32")
    label = (x.astype("float64") @ build()).argmax(axis=-1)
    label[:2] = (label[:2] + 1) % 3
    save(tree, x=x, label=label)
    return tree


def save(tree: Tree, **arrays: Any) -> None:
    np.savez(tree.root / "models/linear/labelled.npz", **arrays)


def cells(tree: Tree, *options: str) -> dict[str, dict[str, Any]]:
    done = tree.run("run", "--isolation", "process", "-t", "npz", "-v", "all", *options)
    assert (tree.build / "matrix.json").is_file(), done.stderr
    matrix = json.loads((tree.build / "matrix.json").read_text())
    return {cell["variant"]: cell for cell in matrix["cells"]}


def test_a_variant_that_runs_as_it_should_and_decides_nothing_is_found(labelled: Tree) -> None:
    found = cells(labelled)

    full, small = found["fp32"], found["int8"]
    assert (full["outcome"], full["accuracy"]["variant"], full["accuracy"]["drop"]) == ("passed", 0.95, 0.0)
    assert (full["accuracy"]["samples"], full["accuracy"]["agreement"]) == (40, 1.0)
    left = next(output for output in small["outputs"] if output["name"] == "left")
    assert left["problem"] is None and left["snr_db"] > 40, "the answers are near enough to float64"
    assert (small["outcome"], small["fails"], small["verdict"]) == ("mismatch", ["accuracy"], "failed")
    assert small["blame"] == "npz/from_npz (int8)"
    assert small["detail"].startswith("accuracy: top1 over 40 labelled samples is ")
    assert small["accuracy"]["variant"] < 0.5 < small["accuracy"]["float64"]
    told = labelled.run("explain", "linear/npz/int8")
    assert "mismatch (accuracy) in stage compare" in told.stdout
    assert labelled.run("gate", "-t", "npz", "-v", "all").returncode == 1


def test_a_model_may_lose_more_where_it_says_why(labelled: Tree) -> None:
    labelled.append(TOML, '\n[limits.int8]\naccuracy_drop = 1.0\nreason = "it is only ever summed"\n')

    found = cells(labelled)

    assert {variant: cell["outcome"] for variant, cell in found.items()} == {"fp32": "passed", "int8": "passed"}
    assert labelled.run("gate", "-t", "npz", "-v", "all").returncode == 0


def test_an_edited_accuracy_closes_the_gate(labelled: Tree) -> None:
    cells(labelled, "-v", "fp32")
    labelled.change_record({"accuracy": None})

    gated = labelled.run("gate", "-t", "npz", "-v", "fp32")

    assert gated.returncode == 1
    assert "it has no accuracy, and the model has a metric" in gated.stdout + gated.stderr


def test_edited_labels_make_cells_stale_and_export_nothing_again(labelled: Tree) -> None:
    cells(labelled)
    arrays = dict(np.load(labelled.root / "models/linear/labelled.npz"))
    save(labelled, x=arrays["x"], label=arrays["label"] * 0)

    assert labelled.run("gate", "-t", "npz", "-v", "all").returncode == 4
    found = cells(labelled)

    measured = json.loads((labelled.build / "measurements.json").read_text())
    assert (measured["exports"], measured["runs"]) == (0, 0)
    assert found["fp32"]["accuracy"]["float64"] != 0.95


def test_a_metric_of_the_users_runs_in_a_child_of_the_frameworks_worker(labelled: Tree) -> None:
    labelled.change(
        TOML, 'kind = "top1"\n', 'kind = "metric.py"\nlabels = [{ name = "kind", dtype = "int64", shape = [1] }]\n'
    )
    labelled.change(TOML, 'output = "left"\n', "")
    labelled.write("models/linear/metric.py", SCORE)
    arrays = dict(np.load(labelled.root / "models/linear/labelled.npz"))
    save(labelled, x=arrays["x"], kind=arrays["label"])

    found = cells(labelled)

    worth = {variant: cell["accuracy"] for variant, cell in found.items()}
    assert (worth["fp32"]["kind"], worth["fp32"]["variant"]) == ("metric.py", 0.95)
    assert found["int8"]["fails"] == ["accuracy"]
    labelled.write("models/linear/metric.py", "def score(outputs, labels):\n    raise RuntimeError('no such class')\n")
    broken = cells(labelled)["fp32"]
    assert (broken["outcome"], broken["stage"]) == ("reference_failed", "reference")
    assert "metric.py: RuntimeError: no such class" in broken["detail"]


@pytest.mark.parametrize("given", ["{}", "{'left': inputs['x'] @ session['left']}"], ids=["none", "one"])
@pytest.mark.parametrize("own", [False, True], ids=["top1", "metric.py"])
def test_a_runner_that_lacks_outputs_is_red_and_ends_no_run(labelled: Tree, given: str, own: bool) -> None:
    labelled.append("targets/npz/run.py", f"\n\ndef run(session, inputs):\n    return {given}\n")
    if own:
        labelled.change(TOML, 'kind = "top1"\n', 'kind = "metric.py"\n')
        labelled.change(TOML, 'output = "left"\n', 'labels = [{ name = "label", dtype = "int64", shape = [1] }]\n')
        labelled.write("models/linear/metric.py", SCORE.replace("kind", "label"))

    labelled.run("run", "--isolation", "process", "-t", "npz", "-t", "plain")

    found = {cell["target"]: cell for cell in json.loads((labelled.build / "matrix.json").read_text())["cells"]}
    assert (found["npz"]["outcome"], found["npz"]["verdict"]) == ("run_failed" if own else "io_mismatch", "failed")
    assert re.search("missing.*(left|right)|(left|right).*missing", found["npz"]["detail"])
    assert found["plain"]["outcome"] == "passed"


def test_labelled_samples_may_come_from_a_program(labelled: Tree) -> None:
    labelled.change(TOML, 'data = "labelled.npz"', 'data = "labelled.py"')
    program = (
        "import numpy as np\n\ndef samples():\n    for i in range(8):\n        x = np.full((1, 4), i - 4, 'float32')\n"
    )
    labelled.write("models/linear/labelled.py", f"{program}        yield {{'x': x, 'label': np.array([i % 3])}}\n")

    found = cells(labelled, "-v", "fp32")["fp32"]

    assert found["outcome"] == "passed" and found["accuracy"]["samples"] == 8


def test_a_label_of_another_shape_is_told(labelled: Tree) -> None:
    arrays = dict(np.load(labelled.root / "models/linear/labelled.npz"))
    save(labelled, x=arrays["x"], label=arrays["label"].astype("int32"))

    found = cells(labelled, "-v", "fp32")["fp32"]

    assert found["outcome"] == "reference_failed"
    assert "labelled samples: labelled.npz: label: int32, where model.toml declares int64" in found["detail"]


def test_digits_are_counted_rightly_in_full_precision_and_in_int8(deploymatrix: Command, real_build: Path) -> None:
    variants = ("-v", "fp32", "-v", "int8-dynamic")
    done = deploymatrix(
        *("--root", REPOSITORY, "run", "--isolation", "process", "-m", "digits_mlp", "-t", "onnx", *variants)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    matrix = json.loads((real_build / "matrix.json").read_text())
    worth = {cell["variant"]: cell["accuracy"] for cell in matrix["cells"]}
    assert set(worth) == {"fp32", "int8-dynamic"}
    for found in worth.values():
        assert (found["samples"], found["decisions"]) == (500, 500)
        assert found["float64"] > 0.95 and found["drop"] <= 0.01
    assert worth["fp32"]["agreement"] == 1.0
