"""The line that repeats a cell, which cells can be repeated, and the program that goes into a bundle."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from deploymatrix.errors import ConfigurationError
from deploymatrix.execution.model_files import NUMERICS
from deploymatrix.execution.outcomes import NativeTask, failure_of
from deploymatrix.host.messages import Reply
from deploymatrix.host.worker_program import EXPORTING, WORKER, WorkerProgram, worker_of
from deploymatrix.matrix.records import Cell
from deploymatrix.numerics.compare import Comparison
from deploymatrix.numerics.references import reference_problem
from deploymatrix.project.model_specs import DType, Tensor
from deploymatrix.repro.bundle import program_files
from deploymatrix.repro.evidence import command, find_evidence
from deploymatrix.repro.packing import write_folder
from tests.fakes.tree import Tree
from tests.runtimes import SHIPPED
from tests.vectors.reading import CASES, FAILURES, STABILITY, answers_of, as_expected, limits_of


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The program of a Python bundle, loaded from a folder that holds what a bundle holds."""
    folder = tmp_path_factory.mktemp("bundle")
    write_folder(program_files(EXPORTING), folder)
    spec = importlib.util.spec_from_file_location("reproduce", folder / "reproduce.py")
    assert spec is not None and spec.loader is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "reproduce", module)
        spec.loader.exec_module(module)
        yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "numerics"]:
        del sys.modules[name]


def a_cell(outcome: str, name: str = "linear/npz/fp32") -> Cell:
    model, target, variant = name.split("/")
    data = {"model": model, "target": target, "variant": variant, "outcome": outcome, "framework": "numpy"}
    return Cell.model_validate({**data, "family": "x", "route": (), "steps": ()})


def test_the_line_is_safe_in_a_shell() -> None:
    line = command("a b;c/t/fp32", options=["--root", "/my project"], models=[Path("/x y")], timeout=5.0)

    assert shlex.split(line) == [
        *("deploymatrix", "--root", "/my project", "repro", "a b;c/t/fp32"),
        *("--models", "/x y", "--timeout", "5", "--run"),
    ]


@pytest.mark.parametrize("outcome", ["missing", "exported", "unsupported", "environment_failed"])
def test_a_cell_in_which_nothing_was_tried_is_refused(tree: Tree, outcome: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing to reproduce"):
        find_evidence(tree.project(), a_cell(outcome))


def test_a_cell_that_the_project_no_longer_has_is_refused(tree: Tree) -> None:
    with pytest.raises(ConfigurationError, match="--models"):
        find_evidence(tree.project(), a_cell("mismatch", "gone/npz/fp32"))


@pytest.mark.parametrize(
    ("worker", "folders", "beside"),
    [
        (EXPORTING, {"worker": (WORKER, "*.py"), "numerics": (NUMERICS, "*.py")}, {"reproduce.py"}),
        (
            worker_of(SHIPPED.runners["node"]),
            {"worker": (WORKER, "*.mjs")},
            {
                *("reproduce.mjs", "judgement.mjs", "slices.mjs", "stability.mjs", "failure.mjs"),
                *("decisions.mjs", "fidelity.mjs"),
            },
        ),
    ],
)
def test_a_bundle_holds_the_worker_and_the_comparison_as_they_are(
    worker: WorkerProgram, folders: dict[str, tuple[Path, str]], beside: set[str]
) -> None:
    files = program_files(worker)

    for folder, (source, pattern) in folders.items():
        assert {path for inner, path in files.items() if inner.startswith(f"{folder}/")} == set(source.glob(pattern))
    assert {inner for inner in files if inner.partition("/")[0] not in folders} == beside


def as_value(case: dict[str, Any]) -> dict[str, list[str]]:
    return {name: case.get(name, []) for name in ("missing", "extra")}


@pytest.mark.parametrize("case", [*CASES, *STABILITY], ids=lambda case: case["name"])
def test_the_bundle_decides_as_the_matrix_does(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]
) -> None:
    monkeypatch.setattr(program, "HERE", tmp_path)
    answers = answers_of(case, tmp_path)
    bundle = {"outputs": case["declared"], "samples": answers.samples, "limits": asdict(limits_of(case))}
    bundle["orders"] = answers.orders

    outcome, detail, outputs = program.compared(bundle, as_value(case), answers.actual)

    found = as_expected(Comparison(outcome=outcome, detail=detail, outputs=tuple(outputs)))
    assert {key: found[key] for key in case["expected"]} == case["expected"]


VARIED = [np.float32([1, 2]), np.float32([3, 1]), np.float32([2, 2]), np.float32([0, 5])]


@pytest.mark.parametrize(
    ("eager", "words"),
    [
        (VARIED, None),
        ([np.float32([1, 2])] * 4, "varies between samples by only 0.0e+00 of its size"),
        ([*VARIED[:3], np.float32([0, np.nan])], "holds NaN"),
        ([array.astype("float64") for array in VARIED], "the model gives float64[2], model.toml declares float32[2]"),
    ],
    ids=["varied", "constant", "NaN", "dtype"],
)
def test_the_bundle_refuses_a_reference_in_the_matrixs_words(
    program: ModuleType, tmp_path: Path, eager: list[Any], words: str | None
) -> None:
    for index, array in enumerate(eager):
        (tmp_path / str(index)).mkdir()
        np.save(tmp_path / str(index) / "y.float64.npy", array.astype("float64"))
        np.save(tmp_path / str(index) / "y.float32.npy", array)
    declared = Tensor(name="y", dtype="float32", shape=(2,))
    bundle = {"outputs": [declared.model_dump(mode="json")], "samples": 4, "request": {"task": "reference"}}

    value = {"yardstick": "float64", "orders": []}
    outcome, detail, _ = program.judge(bundle, {"status": "ok", "value": value}, tmp_path)

    assert outcome == ("passed" if words is None else "reference_failed")
    assert (detail or None) == reference_problem((declared,), 4, tmp_path)
    assert (words or "") in detail


def test_the_bundle_knows_the_dtypes_of_the_engine(program: ModuleType) -> None:
    assert DType.__args__ == program.DTYPES  # type: ignore[attr-defined]


@pytest.mark.parametrize("shape", [[], [1], [2, 3], [1] * 8, [1] * 9, [0], [2, -1]], ids=str)
def test_the_bundle_takes_the_shapes_that_the_engine_takes(
    program: ModuleType, tmp_path: Path, shape: list[int]
) -> None:
    value = {"signature": {"outputs": {"y": {"name": "y", "dtype": "float32", "shape": shape}}}}
    try:
        Tensor(name="y", dtype="float32", shape=tuple(shape))
        taken = True
    except ValidationError:
        taken = False

    assert (program.export_problem(value, tmp_path) == "") == taken


def test_a_recorded_detail_does_not_steer_the_terminal(program: ModuleType) -> None:
    assert program.said("io_mismatch", None, "extra: z\x1b[2J\x07") == "io_mismatch: extra: z"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"status": "signaled", "stage": "run", "signal": "SIGSEGV"}, "crashed"),
        ({"status": "timed_out", "stage": "run"}, "timed_out"),
        ({"status": "failed", "stage": "import", "error": {"type": "E", "message": "m"}}, "load_failed"),
        ({"status": "no_reply", "stage": "run", "exit_code": 0}, "run_failed"),
    ],
)
def test_a_task_that_did_not_end_well_has_the_matrixs_outcome(
    program: ModuleType, reply: dict[str, Any], outcome: str
) -> None:
    assert program.failure("run", reply)[0] == outcome


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case["name"])
def test_a_failure_is_named_as_the_vectors_say(program: ModuleType, case: dict[str, Any]) -> None:
    outcome, detail = program.failure("run", case["reply"])

    assert {"outcome": outcome, "detail": detail} == case["expected"]


@pytest.mark.parametrize("task", ["reference", "export", "run"])
@pytest.mark.parametrize("case", FAILURES, ids=lambda case: case["name"])
def test_a_failure_of_any_task_is_named_as_in_the_matrix(
    program: ModuleType, case: dict[str, Any], task: NativeTask
) -> None:
    failed = failure_of(task, Reply(**case["reply"]), blame=None, log=None)

    assert program.failure(task, case["reply"]) == (failed.outcome, failed.detail)
