"""Targets beyond the first six: each runs what its route makes, and a wrong answer of its runner is seen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.integration.variant_bench import GOOD, Bench

Cell = dict[str, Any]

TARGETS = (
    "aotinductor",
    "executorch-portable",
    "iree",
    "mnn",
    "onnx-unoptimised",
    "openvino",
    "torch-compile",
    "torch-mobile",
    "tract",
    "tvm",
    "xla",
)
A_DAY = 3  # of these, in the usual run; the others are marked long, and have their turn
_START = date.today().toordinal() * A_DAY
TODAY = {TARGETS[(_START + place) % len(TARGETS)] for place in range(A_DAY)}
# One element of one sample is wrong by a thousandth of the largest.
WRONG = """

_right_run = run


def run(session, inputs):
    answers = _right_run(session, inputs)
    for array in answers.values():
        array.flat[3] += 1e-3 * abs(array).max()
    return answers
"""


@pytest.fixture(scope="module")
def cells(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real_envs: Path
) -> dict[str, tuple[Cell, Cell]]:
    """Of each target that is tested, the cell of its runner as it is and of one that answers wrongly.

    All at once are fewer starts.
    """
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    targets = [item.callspec.params["target"] for item in items if item.module is request.module]
    bench = Bench(tmp_path_factory.mktemp("reach"), real_envs)
    bench.add("good", GOOD)
    chosen = [word for target in targets for word in ("-t", target)]
    bench.decided("-m", "good", *chosen)
    right = {cell["target"]: cell for cell in bench.cells()}
    for target in targets:
        runner = bench.own(f"targets/{target}") / "run.py"
        runner.write_text(runner.read_text() + WRONG)
    bench.decided("-m", "good", *chosen)
    return {cell["target"]: (right[cell["target"]], cell) for cell in bench.cells()}


@pytest.mark.parametrize("target", [t if t in TODAY else pytest.param(t, marks=pytest.mark.long) for t in TARGETS])
def test_a_target_runs_what_its_route_makes_and_a_wrong_answer_of_its_runner_is_seen(
    cells: dict[str, tuple[Cell, Cell]], target: str
) -> None:
    right, wrong = cells[target]

    assert (right["outcome"], right["samples"]) == ("passed", 4), right
    assert wrong["outcome"] == "mismatch", wrong
    assert 0.9e-3 < wrong["outputs"][0]["error"] < 1.1e-3
