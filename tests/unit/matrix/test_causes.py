"""Causes: cells that are red for the same reason have the same name for it, whatever their messages hold besides."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from deploymatrix.execution.decisive import decisive
from deploymatrix.matrix.causes import MOST_LINES, cause_lines, cause_of, causes
from tests.fakes.matrices import expectation, make_cell
from tests.fakes.states import states

MESSAGES = json.loads((Path(__file__).parents[2] / "vectors" / "exporter_messages.json").read_text(encoding="utf-8"))


def test_180_cells_of_one_cause_are_one_line() -> None:
    assert cause_lines(states()["one_cause"].cells) == ["180 cells: environment onnx2tf could not be made"]


@pytest.mark.parametrize(
    ("outcome", "detail", "cause"),
    [
        ("mismatch", "y: error 3e-4 is over the limit 1e-5", "numeric: onnx/from_torch"),
        ("unstable", "y changes with the order of samples", "unstable"),
        ("timed_out", "no answer within 120 s, in stage run (timeouts.run in x)", "time limit in run"),
        ("out_of_memory", "it held more than the 4096 MiB allowed", "memory limit in run"),
        ("crashed", "killed by SIGSEGV in stage run", "crash: SIGSEGV in run"),
        ("reference_failed", "y: not deterministic: differs by 3e-2", "reference: not deterministic"),
        ("reference_failed", "too ill-conditioned to judge: 0.3", "reference: too ill-conditioned to judge"),
        ("unsupported", "no route from keras to torchscript fp32", "no route from keras to torchscript fp32"),
        ("environment_failed", "runner tfjs could not be made: npm ended", "runner tfjs could not be made"),
        (
            "environment_failed",
            "packages of mine over environment torch could not be made: mine/requirements.lock: wants numpy==1",
            "packages of mine over environment torch could not be made",
        ),
        ("missing", "the run ended before this cell", "no result"),
        ("io_mismatch", "y: shape [2, 3], declared [3, 2]", "shape of an output: no step is blamed"),
        ("run_failed", "WrongSignature: the artifact's inputs are ['x', 'z']", "inputs or outputs are not the"),
        ("export_failed", "OddError: node 'a/b_17' has 3 legs", "export_failed: OddError: node <name> has <n> legs"),
    ],
)
def test_a_cause_is_named_by_outcome_and_message(outcome: str, detail: str, cause: str) -> None:
    assert cause_of(make_cell(outcome=outcome, detail=detail)).startswith(cause)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("artifact is 2,000 bytes, over 1,000", "over budget: size"),
        ("artifact is 0.98 times as large as in fp32, over 0.6", "over budget: size"),
        ("artifact's size beside mlp/onnx/fp32 is not known; run that cell, too", "over budget: size"),
        ("accuracy was not measured; give the model a [metric]", "over budget: accuracy"),
        ("uses 0.7 of its error limit, over 0.5", "over budget: share of the error limit"),
        ("median latency is 4 times eager float32, over 3 times", "over budget: latency"),
    ],
)
def test_a_budget_says_what_it_is_about(line: str, cause: str) -> None:
    assert cause_of(make_cell(verdict="over_budget", over_budget=(line,))) == cause


def test_an_entry_that_no_longer_holds_is_the_cause() -> None:
    entry = expectation("mlp/onnx/fp32", "run_failed")

    assert cause_of(make_cell(verdict="unexpected_pass", expectation=entry)) == (
        "entry in targets/onnx/target.toml expects a failure that there is not"
    )
    assert cause_of(make_cell(outcome="run_failed", verdict="expired", expectation=entry)) == (
        "entry in targets/onnx/target.toml has expired"
    )


def test_what_passed_has_no_cause() -> None:
    assert causes([make_cell()]) == [] and cause_lines([make_cell()]) == []


def test_the_most_frequent_cause_leads_and_many_are_cut() -> None:
    cells = [make_cell(f"m{i}", outcome="export_failed", detail=f"Odd{chr(65 + i)}Error") for i in range(20)]
    cells += [make_cell("x", outcome="missing"), make_cell("y", outcome="missing")]

    lines = cause_lines(cells)

    assert lines[0] == "2 cells: no result"
    assert len(lines) == MOST_LINES and lines[-1] == "10 cells: 10 further causes"


# By exporter or runtime: what its real messages are called.
CLASSES = {
    "onnx/from_torch operator": "operator missing: mine.strange",
    "litert/from_torch operator": "operator missing: mine.strange",
    "executorch/from_torch operator": "operator missing: mine::strange",
    "executorch/from_torch eigen": "operator missing: aten._linalg_eigh",
    "torchscript/from_torch script missing_file": "operator missing: aten::load",
    "litert/from_keras eigen": "operator missing: tf.SelfAdjointEigV2",
    "savedmodel/from_onnx foreign": "operator missing: Strange",
    "tfjs/from_savedmodel eigen": "operator missing: SelfAdjointEigV2",
    "onnx/from_savedmodel eigen": "operator missing: SelfAdjointEigV2",
    "onnx load foreign": "operator missing: mine:Strange",
    "onnx load unknown": "operator missing: NoSuchOperator",
    "onnx/from_torch branch": "control flow or shapes that depend on data",
    "torchscript/from_torch branch": "control flow or shapes that depend on data",
    "savedmodel/from_keras branch": "control flow or shapes that depend on data",
    "litert/from_torch nonzero": "control flow or shapes that depend on data",
    "executorch/from_torch numpy": "leaves the framework for Python or numpy",
    "onnx/from_torch missing_file": "file missing",
    "onnx load nothing": "file missing",
    "executorch load_nothing": "file missing",
    "torchscript load_rubbish": "not a file of this format",
    "litert load_rubbish": "not a file of this format",
    "onnx/from_torch wrong_shape": "shape",
    "savedmodel/from_keras wrong_shape": "shape",
    "savedmodel/from_onnx wrong_shape": "shape",
    "executorch run_wrong_shape": "shape",
    "onnx run shape": "shape",
    "executorch run_wrong_dtype": "dtype",
    "litert run_wrong_dtype": "dtype",
    "onnx run dtype": "dtype",
    "tfjs/from_savedmodel double": "dtype",
    "onnx run stray": "names of inputs or outputs",
}


@pytest.mark.parametrize("name", CLASSES)
def test_real_messages_are_classified(name: str) -> None:
    case = next(case for case in MESSAGES["cases"] if case["name"] == name)
    detail = decisive(case["chain"], case["log"])

    assert cause_of(make_cell(outcome="export_failed", detail=detail)) == CLASSES[name], detail


def test_a_long_word_does_not_hold_up_the_rules() -> None:
    cells = [make_cell(f"m{i}", outcome="run_failed", detail=f"{i}{'é' * 5000}") for i in range(300)]

    started = time.process_time()

    assert len(causes(cells)) >= 1
    assert time.process_time() - started < 5
