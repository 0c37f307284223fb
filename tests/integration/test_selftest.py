"""`selftest`: on the tiny project, with a comparison made blunt; and a sample of it on real models and runtimes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import GATE_FAILED, OK, USAGE
from tests.fakes.tree import Tree

SOURCE = '''
"""Mutants of a dict of matrices."""

from pathlib import Path

import numpy as np


class NoSite(LookupError):
    """There is nothing to change."""


def build(given, spec):
    matrices = dict(np.load(Path(given["path"]) / "weights.npz"))
    kind, pick = given["options"]["kind"], given["options"]["pick"]
    if kind == "unchanged" and not pick:
        return matrices
    if kind not in ("tensor-1.01", "rows-swapped") or pick >= len(matrices):
        raise NoSite(kind)
    name = sorted(matrices)[pick]
    print(f"mutant: {name}")
    matrices[name] = matrices[name] * np.float32(1.01) if kind == "tensor-1.01" else matrices[name][[1, 0, 2, 3]]
    return matrices
'''
REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]
PROCESS = ("--isolation", "process")


def with_mutants(tree: Tree) -> Tree:
    tree.write("pipelines/frameworks/numpy/sources/weight_mutant.py", SOURCE)
    return tree


def test_every_mutant_is_killed_and_the_table_says_so(runnable: Tree, tmp_path: Path) -> None:
    tree, file = with_mutants(runnable), tmp_path / "mutants.json"

    done = tree.run("selftest", *PROCESS, "--json", str(file))

    assert done.returncode == OK, done.stdout + done.stderr
    mutants = json.loads(file.read_text())["mutants"]
    fates = {(m["kind"], m["target"], m["change"]): m["fate"] for m in mutants}
    assert fates["tensor-1.01", "npz", "left"] == fates["rows-swapped", "wrapped", "right"] == "killed"
    assert fates["unchanged", "plain", "place 0"] == "equivalent"
    assert fates["truncated", "npz", ""] == "killed"
    assert {m["outcome"] for m in mutants if m["kind"] == "nan-element"} == {"nonfinite"}
    assert "goals reached" in done.stdout and "| tensor-1.01 | 6 | 6 | 0 | 0 | 0 | " in done.stdout


def test_a_blunt_limit_lets_mutants_survive_and_is_found_out(runnable: Tree) -> None:
    tree = with_mutants(runnable)
    for target in ("npz", "plain", "wrapped"):
        tree.change(f"targets/{target}/target.toml", "multiple = 12, floor = 2e-6", "multiple = 12, floor = 0.1")
        tree.change(f"targets/{target}/target.toml", "ceiling = 5e-4", "ceiling = 0.9")

    done = tree.run("selftest", *PROCESS, "--kinds", "tensor-1.01")

    assert done.returncode == GATE_FAILED, done.stdout + done.stderr
    assert "linear/npz/fp32, tensor-1.01, left: passed" in done.stdout


def test_a_sample_is_a_few_of_all(runnable: Tree) -> None:
    done = with_mutants(runnable).run("selftest", *PROCESS, "--sample", "12", "--format", "json")

    assert done.returncode == OK, done.stdout + done.stderr
    assert 8 <= len(json.loads(done.stdout)["mutants"]) <= 14


def test_an_unknown_kind_is_a_mistake_of_the_user(runnable: Tree) -> None:
    done = runnable.run("selftest", *PROCESS, "--kinds", "no-such-kind")

    assert done.returncode == USAGE and "no-such-kind" in done.stderr


@pytest.mark.parametrize(("sample", "least"), [("16", 10), pytest.param("60", 38, marks=pytest.mark.long)])
def test_a_sample_of_real_mutants_is_killed(deploymatrix: Command, tmp_path: Path, sample: str, least: int) -> None:
    """A core model of Keras and a small one of PyTorch, on runtimes of three formats."""
    (tmp_path / "deploymatrix.toml").touch()
    models = ("-m", "keras_mlp", "-m", "decoder", "--models", REPOSITORY / "tests" / "selftest_models")
    cells = ("-k", "(decoder and (onnx or torchscript)) or (keras and litert)")
    extent = ("--places", "1", "--sample", sample, "--seconds", "120")  # on a slow machine, too

    done = deploymatrix("selftest", *PROCESS, *models, *cells, *extent, "--format", "json")

    found = [m for m in json.loads(done.stdout)["mutants"] if m["family"] != "control"]
    assert done.returncode == OK, [m for m in found if m["fate"] == "survived"] or done.stderr
    assert [m for m in found if m["fate"] == "survived"] == []
    assert {m["format"] for m in found if m["fate"] == "killed"} == {"onnx", "torchscript", "litert"}
    assert len(found) > least


def test_cells_decided_again_stay_as_they_are(runnable: Tree) -> None:
    done = with_mutants(runnable).run("selftest", *PROCESS, "--reds", "--verdicts", "12", "--format", "json")

    assert done.returncode == OK, done.stdout + done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert len(verdicts) >= 12 and {v["outcome"] for v in verdicts} == {"passed"}
    assert {v["circumstances"].split(",")[0] for v in verdicts} >= {"draw 1", "draw 2", "seed 1"}
