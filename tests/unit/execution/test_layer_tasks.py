"""Where noise enters is asked for artifacts that fail by themselves, and of formats that can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.execution.layer_tasks import layer_tasks, layers_id, layers_of
from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.matrix.layers import LayerRecord
from deploymatrix.project.plan import PlannedCell, Selection, compare_id, plan_cells
from deploymatrix.store.store import Store
from tests.fakes.matrices import make_cell
from tests.fakes.outputs import fidelity_record
from tests.fakes.tree import Tree

LAYER = LayerRecord(name="fc", operator="MatMul", own=0.1, so_far=0.2, share=0.9)


def planned(tree: Tree) -> PlannedCell:
    (cell,) = plan_cells(tree.project(), Selection(targets=("wrapped",)))
    return cell


def compared(store: Store, *, loss: float, error: float) -> Result:
    """The comparison of a cell whose graph and runtime are so far off."""
    (output,) = make_cell("mlp", "onnx", outcome="mismatch").outputs
    second = fidelity_record(loss=loss, error=error, limit=0.05)
    figures = output.model_copy(update={"norm": "rms", "limit": 0.1, "fidelity": second}).model_dump(mode="json")
    entry = store.put("cells", "a" * 64, None, about={"outcome": "mismatch", "outputs": [figures]})
    return Done(entry=entry, cached=False)


@pytest.mark.parametrize(
    ("loss", "error", "can_tell", "asked"),
    [(0.3, 0.01, True, True), (0.3, 1.24, True, True), (0.02, 1.24, True, False), (0.3, 0.01, False, False)],
)
def test_it_is_asked_only_where_the_graph_is_at_fault(
    tree: Tree, tmp_path: Path, loss: float, error: float, can_tell: bool, asked: bool
) -> None:
    if can_tell:
        tree.write("pipelines/wrapped/noise.py", "")
    cell = planned(tree)
    results = {compare_id(cell): compared(Store(tmp_path / "store"), loss=loss, error=error)}

    tasks = layer_tasks(tree.project(), [cell], results)

    assert list(tasks) == ([layers_id(cell)] if asked else [])
    for task in tasks.values():
        assert task.artifact and task.source and task.artifact in task.needs


def test_what_it_found_is_of_the_cell(tree: Tree, tmp_path: Path) -> None:
    cell, store = planned(tree), Store(tmp_path / "store")
    entry = store.put("runs", "b" * 64, None, about={"layers": [LAYER.model_dump(mode="json")]})

    assert layers_of(cell, {layers_id(cell): Done(entry=entry, cached=False)}) == (LAYER,)
    assert layers_of(cell, {}) == ()
