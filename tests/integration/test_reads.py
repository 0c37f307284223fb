"""What a model reads outside of its folder is part of its results: the gate finds what has changed since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from tests.fakes.tree import Tree

MODEL = """
import sys
from pathlib import Path

import numpy as np

SHARED = Path(__file__).parents[2] / "shared"
sys.path.append(str(SHARED))
import scaling


def build():
    weights = np.load(SHARED / "weights.npz")
    return {name: scaling.scaled(weights[name]) for name in ("left", "right")}
"""
BESIDE = """
import numpy as np
from scaling import scaled


def build():
    matrix = scaled(np.eye(4, 3, dtype="float32"))
    return {"left": matrix, "right": -matrix}
"""
PROCESS = ("--isolation", "process")


@pytest.fixture
def reading(runnable: Tree) -> Tree:
    """The tiny project, whose model takes weights and a library from a folder beside models/, run once."""
    generator = np.random.default_rng(7)
    runnable.write("models/linear/model.py", MODEL)
    runnable.write("shared/scaling.py", "def scaled(matrix):\n    return matrix * 1.0\n")
    save(runnable, generator.standard_normal((4, 3)))
    assert runnable.run("run", *PROCESS).returncode == OK
    return runnable


def save(tree: Tree, matrix: np.ndarray) -> None:
    np.savez(tree.root / "shared/weights.npz", left=matrix.astype("float32"), right=-matrix.astype("float32"))


def cells(tree: Tree) -> dict[str, dict[str, object]]:
    matrix = json.loads((tree.build / "matrix.json").read_text())
    return {cell["target"]: cell for cell in matrix["cells"]}


def executed(tree: Tree) -> tuple[int, int]:
    measured = json.loads((tree.build / "measurements.json").read_text())
    return measured["exports"], measured["runs"]


def touch_weights(tree: Tree) -> None:
    save(tree, np.random.default_rng(8).standard_normal((4, 3)))


def touch_library(tree: Tree) -> None:
    tree.change("shared/scaling.py", "1.0", "2.0")


def test_the_record_names_what_was_read_and_nothing_is_stale(reading: Tree) -> None:
    gate = reading.run("gate")

    assert {target: sorted(cell["reads"]) for target, cell in cells(reading).items()} == {  # type: ignore[call-overload]
        target: ["shared/scaling.py", "shared/weights.npz"] for target in ("npz", "plain", "wrapped")
    }
    assert gate.returncode == OK, gate.stdout
    assert "0 stale" in gate.stdout
    assert reading.run("run", *PROCESS).returncode == OK
    assert executed(reading) == (0, 0)


@pytest.mark.parametrize(
    ("touch", "name"),
    [(touch_weights, "shared/weights.npz"), (touch_library, "shared/scaling.py")],
    ids=["weights", "library"],
)
def test_a_change_makes_the_cells_stale_until_they_are_run_again(
    reading: Tree, touch: Callable[[Tree], None], name: str
) -> None:
    before = (reading.build / "matrix.json").read_bytes()
    touch(reading)

    gate, plan = reading.run("gate"), reading.run("run", *PROCESS, "--explain-plan", "--json")
    again = reading.run("run", *PROCESS)

    assert gate.returncode == INCOMPLETE
    assert f"stale: linear/npz/fp32: {name} has changed" in gate.stdout
    assert {"task": "reference linear", "cached": False, "reason": f"changed: reads ({name})"} in json.loads(
        plan.stdout
    )
    assert again.returncode == OK and executed(reading) == (2, 3)
    assert (reading.build / "matrix.json").read_bytes() != before
    assert reading.run("gate").returncode == OK


def test_what_was_there_before_comes_from_the_store(reading: Tree) -> None:
    library = (reading.root / "shared/scaling.py").read_text()
    touch_library(reading)
    reading.run("run", *PROCESS)

    reading.write("shared/scaling.py", library)
    done = reading.run("run", *PROCESS)

    assert done.returncode == OK
    assert executed(reading) == (0, 0)


def test_a_file_that_is_gone_makes_the_cells_stale_and_then_fails(reading: Tree) -> None:
    (reading.root / "shared/weights.npz").unlink()

    gate, again = reading.run("gate"), reading.run("run", *PROCESS)

    assert gate.returncode == INCOMPLETE and "stale: linear/plain/fp32" in gate.stdout
    assert again.returncode == GATE_FAILED
    assert cells(reading)["npz"]["outcome"] == "reference_failed"


def test_a_failure_is_not_kept_when_the_file_at_fault_is_mended(reading: Tree) -> None:
    weights = (reading.root / "shared/weights.npz").read_bytes()
    (reading.root / "shared/weights.npz").write_bytes(b"broken")
    assert reading.run("run", *PROCESS).returncode == GATE_FAILED
    assert reading.run("run", *PROCESS).returncode == GATE_FAILED

    (reading.root / "shared/weights.npz").write_bytes(weights)

    assert reading.run("run", *PROCESS).returncode == OK


def test_another_checkout_with_merged_shards_sees_the_change(reading: Tree, tmp_path: Path) -> None:
    parts = []
    for part in ("1/2", "2/2"):
        assert reading.run("run", *PROCESS, "--shard", part).returncode == OK
        parts.append(str(shutil.copytree(reading.build, tmp_path / part.replace("/", "-"), symlinks=True)))
    checkout = Tree(shutil.copytree(reading.root, tmp_path / "checkout", ignore=shutil.ignore_patterns("build")))
    checkout.build.mkdir()
    assert checkout.run("merge", *parts, "--out", str(checkout.build)).returncode == OK
    fresh = checkout.run("gate")
    touch_weights(checkout)

    changed = checkout.run("gate")

    assert fresh.returncode == OK, fresh.stdout
    assert changed.returncode == INCOMPLETE
    assert "stale: linear/wrapped/fp32: shared/weights.npz has changed" in changed.stdout


def test_a_misspelt_option_fails_the_export_and_is_named(runnable: Tree) -> None:
    runnable.append("models/linear/model.toml", "\n[routes.npz]\noptions = { spoli = 1.01 }\n")

    done = runnable.run("run", *PROCESS)

    assert done.returncode == GATE_FAILED
    cell = cells(runnable)["npz"]
    assert (cell["outcome"], cell["blame"]) == ("export_failed", "npz/from_numpy")
    assert "no option 'spoli'; did you mean 'spoil'?" in str(cell["detail"])
    assert "[routes.npz] in model.toml" in str(cell["detail"])


def test_a_copy_of_the_project_and_of_the_code_beside_it_is_judged_by_its_own_files(
    make_runnable: Callable[[Path], Tree], tmp_path: Path
) -> None:
    """The code lies outside of the project, at ../src, and is still there where the copy was made from."""
    first = make_runnable(tmp_path / "first" / "project")
    first.write("../src/scaling.py", "def scaled(matrix):\n    return matrix * 1.0\n")
    first.change("models/linear/model.toml", "seed = 1", 'seed = 1\npythonpath = ["../../../src"]')
    first.write("models/linear/model.py", BESIDE)
    assert first.run("run", *PROCESS).returncode == OK
    shutil.copytree(tmp_path / "first", tmp_path / "second", symlinks=True)
    second = Tree(tmp_path / "second" / "project")
    fresh = second.run("gate")

    second.change("../src/scaling.py", "1.0", "2.0")
    gate, again = second.run("gate"), second.run("run", *PROCESS)

    assert fresh.returncode == OK, fresh.stdout
    assert gate.returncode == INCOMPLETE
    assert "stale: linear/npz/fp32: ../src/scaling.py has changed" in gate.stdout
    assert again.returncode == OK and executed(second) == (2, 3)
