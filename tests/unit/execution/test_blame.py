"""Blame: the first step of a route whose artifact is wrong, verified on the target of its own format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploymatrix.execution.blame import answered_wrongly, blame, cells_to_verify
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.project.plan import PlannedCell, Selection, compare_id, plan_cells
from deploymatrix.store.store import Store
from tests.fakes.matrices import make_cell
from tests.fakes.outputs import fidelity_record
from tests.fakes.tree import Tree


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def planned(tree: Tree, target: str = "wrapped") -> PlannedCell:
    (cell,) = plan_cells(tree.project(), Selection(targets=(target,)))
    return cell


def compared(store: Store, outcome: str) -> Result:
    order = ("passed", "mismatch", "io_mismatch", "nonfinite", "unstable", "reference_failed")
    key = str(order.index(outcome)) * 64
    return Done(entry=store.put("cells", key, None, about={"outcome": outcome}), cached=False)


def failed(outcome: Any) -> Result:
    return Failed(outcome=outcome, stage="run", detail="")


def results(tree: Tree, store: Store, *, npz: Result | None, wrapped: str = "mismatch") -> dict[str, Result]:
    """What came out on the way, on target npz, and at the end, on target wrapped."""
    found = {compare_id(planned(tree)): compared(store, wrapped)}
    if npz is not None:
        found[compare_id(planned(tree, "npz"))] = npz
    return found


def test_the_last_step_is_to_blame_when_those_before_it_are_right(tree: Tree, store: Store) -> None:
    found = results(tree, store, npz=compared(store, "passed"))

    assert blame(tree.project(), planned(tree), found) == "wrapped/from_npz"


@pytest.mark.parametrize("outcome", ["mismatch", "io_mismatch", "nonfinite"])
def test_the_first_wrong_step_is_to_blame(tree: Tree, store: Store, outcome: str) -> None:
    found = results(tree, store, npz=compared(store, outcome))

    assert blame(tree.project(), planned(tree), found) == "npz/from_numpy"


def test_nobody_is_to_blame_for_what_is_unstable_or_comes_from_it(tree: Tree, store: Store) -> None:
    """One artifact in one runtime does not tell which of the two is at fault."""
    unstable = results(tree, store, npz=None, wrapped="unstable")
    behind = results(tree, store, npz=compared(store, "unstable"))

    assert not answered_wrongly(planned(tree), unstable)
    assert blame(tree.project(), planned(tree), behind) is None


def test_a_reference_that_nobody_can_be_judged_by_blames_no_step(tree: Tree, store: Store) -> None:
    found = results(tree, store, npz=compared(store, "reference_failed"))

    assert blame(tree.project(), planned(tree), found) is None
    assert not answered_wrongly(planned(tree, "npz"), found)


def test_a_step_whose_artifact_does_not_run_is_to_blame(tree: Tree, store: Store) -> None:
    found = results(tree, store, npz=failed("crashed"))

    assert blame(tree.project(), planned(tree), found) == "npz/from_numpy"


@pytest.mark.parametrize("unknown", [None, failed("environment_failed")], ids=["interrupted", "no environment"])
def test_without_a_verification_nobody_is_blamed(tree: Tree, store: Store, unknown: Result | None) -> None:
    found = results(tree, store, npz=unknown)

    assert blame(tree.project(), planned(tree), found) is None


def test_a_format_that_no_target_takes_is_passed_over(tree: Tree, store: Store) -> None:
    for target in ("npz", "plain"):
        tree.change(f"targets/{target}/target.toml", 'format = "npz"', 'format = "wrapped"')
    found = results(tree, store, npz=None)

    assert blame(tree.project(), planned(tree), found) == "wrapped/from_npz"


@pytest.mark.parametrize("outcome", ["mismatch", "io_mismatch", "nonfinite"])
def test_a_wrong_answer_sends_the_steps_before_it_to_their_own_targets(tree: Tree, store: Store, outcome: str) -> None:
    found = results(tree, store, npz=None, wrapped=outcome)

    ways = cells_to_verify(tree.project(), [planned(tree)], found)

    assert [(cell.name, str(cell.route)) for cell in ways] == [("linear/npz/fp32", "numpy → npz")]


def test_what_passed_or_never_ran_needs_no_verification(tree: Tree, store: Store) -> None:
    passed = results(tree, store, npz=None, wrapped="passed")
    crashed = {compare_id(planned(tree)): failed("crashed")}

    for found in (passed, crashed):
        assert cells_to_verify(tree.project(), [planned(tree)], found) == []
        assert not answered_wrongly(planned(tree), found)


@pytest.mark.parametrize(
    ("loss", "error", "blamed"),
    [
        (0.02, 1.24, "runtime wrapped"),
        (0.3, 0.01, "wrapped/from_npz (fp32)"),
        (0.3, 1.24, "wrapped/from_npz (fp32), runtime wrapped"),
    ],
)
def test_of_what_is_quantised_the_graph_or_the_runtime_is_to_blame(
    tree: Tree, store: Store, loss: float, error: float, blamed: str
) -> None:
    (output,) = make_cell("mlp", "onnx", outcome="mismatch").outputs
    second = fidelity_record(loss=loss, error=error, limit=0.05)
    figures = output.model_copy(update={"norm": "rms", "limit": 0.1, "fidelity": second}).model_dump(mode="json")
    about = {"outcome": "mismatch", "outputs": [figures]}
    mismatch = Done(entry=store.put("cells", "a" * 64, None, about=about), cached=False)
    found = {compare_id(planned(tree)): mismatch, compare_id(planned(tree, "npz")): compared(store, "passed")}

    assert blame(tree.project(), planned(tree), found) == blamed
    unverified = cells_to_verify(tree.project(), [planned(tree)], found)
    assert bool(unverified) == ("from_npz" in blamed), "the runtime's own fault says nothing about the steps"
