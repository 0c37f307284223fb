"""Ranges of activations are taken from samples of their own, which judge nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.errors import OK, USAGE
from tests.fakes.tree import Called, Tree

TOML, STEP = "models/linear/model.toml", "pipelines/npz/from_npz.py"
Call = Callable[..., Called]

STATIC = """
weights = "int8"
activations = "int8"
calibration = true
judgement = "noise"
snr_db = 20
fidelity = { share = 1.0, flips = 0.25, times = 3, least = 1e-3, far = 0.01 }
"""
QUANTISER = """
[[steps]]
from = "npz"
from_variant = "fp32"
variants = ["static"]
environment = "numpy"
"""
# Rounds the artifact's matrices, and tells in its log by what it would have quantised.
TELLS = """
import numpy as np

OPTIONS = ()
ENTRY = "model.npz"
VERSIONS = ("numpy",)


def export(source, spec, out, options):
    print("CALIBRATED", [float(sample["x"].max()) for sample in spec.calibration])
    print("JUDGED", [float(sample["x"].max()) for sample in spec.samples])
    held = dict(np.load(source))
    steps = {name: np.abs(array).max() / 127 for name, array in held.items() if array.ndim}
    held |= {name: (np.round(held[name] / step) * step).astype("float32") for name, step in steps.items()}
    np.savez(out / ENTRY, **held)
    ends = spec.source_signature
    return {side: {name: tensor["name"] for name, tensor in ends[side].items()} for side in ("inputs", "outputs")}
"""


@pytest.fixture
def static(tree: Tree) -> Tree:
    tree.write("pipelines/variants/static.toml", STATIC)
    tree.append("pipelines/npz/pipeline.toml", QUANTISER)
    tree.write(STEP, TELLS)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "static"]')
    return tree


def run(tree: Tree, call: Call) -> dict[str, Any]:
    called = call("run", "--isolation", "process", "-t", "npz", "-m", "linear", "-v", "static")
    assert called.code == OK, called.err
    (cell,) = json.loads((tree.build / "matrix.json").read_text(encoding="utf-8"))["cells"]
    return dict(cell)


def told(tree: Tree, word: str) -> list[float]:
    (log,) = [path for path in (tree.build / "logs").glob("export-*static*.txt")]
    line = next(line for line in log.read_text(encoding="utf-8").splitlines() if word in line)
    return list(json.loads(line.split(word)[1]))


def own(tree: Tree, name: str, first: float, count: int = 4) -> None:
    path = Path(tree.root, "models/linear", name)
    path.parent.mkdir(exist_ok=True)
    np.savez(path, x=np.stack([np.full((1, 4), first + index, "float32") for index in range(count)]))


def test_drawn_ones_are_of_another_seed(static: Tree, call: Call) -> None:
    cell = run(static, call)

    calibrated, judged = told(static, "CALIBRATED"), told(static, "JUDGED")
    assert (len(calibrated), len(judged)) == (128, 4) and not set(calibrated) & set(judged)
    assert cell["calibration"].startswith("128 drawn, seed 1000004; ")
    assert call("gate", "-t", "npz", "-m", "linear", "-v", "static").code == OK


def test_own_ones_are_a_split_of_their_own(static: Tree, call: Call) -> None:
    own(static, "data/a.npz", 1)
    own(static, "more/b.npz", 11, count=5)
    static.change(TOML, "seed = 1", 'seed = 1\nsamples = "data/"\ncalibration_samples = "more/"')

    cell = run(static, call)

    assert (told(static, "CALIBRATED"), told(static, "JUDGED")) == ([11, 12, 13, 14, 15], [1, 2, 3, 4])
    assert cell["calibration"].startswith("5 of more/; ") and cell["own_samples"] == "4 of data/"


def test_code_may_give_them(static: Tree, call: Call) -> None:
    code = (
        "import numpy as np\n\ndef samples():\n"
        "    for i in range(4):\n        yield {'x': np.full((1, 4), %d + i, 'float32')}\n"
    )
    static.write("models/linear/samples.py", code % 1)
    static.write("models/linear/calibration/samples.py", code % 21)
    static.change(TOML, "seed = 1", 'seed = 1\nsamples = "samples.py"\ncalibration_samples = "calibration/samples.py"')

    run(static, call)

    assert (told(static, "CALIBRATED"), told(static, "JUDGED")) == ([21, 22, 23, 24], [1, 2, 3, 4])


def test_others_make_the_artifact_anew_and_nothing_else(static: Tree, call: Call) -> None:
    own(static, "data/a.npz", 1)
    own(static, "more/b.npz", 11)
    static.change(TOML, "seed = 1", 'seed = 1\nsamples = "data/"\ncalibration_samples = "more/"')
    before = run(static, call)
    references = sorted(path.name for path in (static.build / "store/references").iterdir())

    own(static, "more/b.npz", 31)
    after = run(static, call)

    assert before["calibration"] != after["calibration"]
    assert before["entries"]["artifacts"] != after["entries"]["artifacts"]
    assert references == sorted(path.name for path in (static.build / "store/references").iterdir())


def test_a_record_that_hides_them_is_refused_by_the_gate(static: Tree, call: Call) -> None:
    run(static, call)
    matrix = static.build / "matrix.json"
    read = json.loads(matrix.read_text(encoding="utf-8"))
    read["cells"][0]["calibration"] = ""
    matrix.write_text(json.dumps(read), encoding="utf-8")

    assert "takes ranges from samples" in call("gate", "-t", "npz", "-m", "linear", "-v", "static").out


@pytest.mark.parametrize(
    ("key", "said"),
    [('calibration_samples = "data/"', "are those that judge"), ("calibration_samples = 8", "remove it")],
)
def test_a_split_must_be_one(static: Tree, call: Call, key: str, said: str) -> None:
    own(static, "data/a.npz", 1)
    static.change(TOML, "seed = 1", f'seed = 1\nsamples = "data/"\n{key}')

    called = call("list", "models")

    assert called.code == USAGE and said in called.err and "model.toml" in called.err
