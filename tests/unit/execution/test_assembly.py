"""The matrix: one record for every planned cell, and the same bytes for the same results."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.errors import IncompleteRun
from deploymatrix.execution.assembly import PlannedRun, build_matrix, measure_cell
from deploymatrix.execution.keys import Keys
from deploymatrix.execution.outcomes import Done, Failed, Result
from deploymatrix.host.facts import HostFacts
from deploymatrix.matrix.files import MATRIX, read_matrix, write_matrix
from deploymatrix.matrix.records import Matrix
from deploymatrix.matrix.verdicts import read_rules
from deploymatrix.project.plan import PlannedCell, Selection, Task, plan_cells, plan_tasks, run_id
from deploymatrix.store import digests
from deploymatrix.store.store import Store
from tests.fakes.tree import Tree

TENSOR = {"name": "left", "dtype": "float32", "shape": [1, 3]}
SIGNATURE = {
    "inputs": {"x": {"name": "x", "dtype": "float32", "shape": [1, 4]}},
    "outputs": {name: {**TENSOR, "name": name} for name in ("left", "right")},
}
OUTPUT = {
    **TENSOR,
    "max_abs": 0.5,
    "error": 0.25,
    "limit": 1e-5,
    "headroom": 25000.0,
    "eager_error": 1e-7,
    "cosine": 0.9,
    "snr_db": 12.0,
    "sample_errors": [0.25, 0.0, 0.0, 0.0],
}
ABOUT: dict[str, dict[str, Any]] = {
    "reference": {"samples": 4, "versions": {"numpy": "2"}},
    "export": {"repairs": [], "warnings": [], "versions": {"numpy": "2"}, "signature": SIGNATURE},
    "run": {"versions": {"numpy": "2"}, "outputs": ["left"], "extra": [], "missing": [], "checks": ["repeat"]},
    "compare": {"outcome": "mismatch", "detail": "left: too far", "outputs": [OUTPUT], "drift": {"left": 0.5}},
}


@pytest.fixture
def cells(tree: Tree) -> list[PlannedCell]:
    return plan_cells(tree.project(), Selection())


def decided(tmp_path: Path, cells: list[PlannedCell]) -> dict[str, Result]:
    """A result for every task, as the store would give it."""
    store = Store(tmp_path / "store")
    return {task.id: done(store, task, index) for index, task in enumerate(plan_tasks(cells).values())}


def done(store: Store, task: Task, index: int) -> Result:
    return Done(entry=store.put("cells", f"{index:064}", None, about=ABOUT[task.kind]), cached=False)


def build(tree: Tree, cells: list[PlannedCell], results: dict[str, Result]) -> Matrix:
    project = tree.project()
    run = PlannedRun(
        project=project,
        selection=Selection(),
        cells=cells,
        rules=read_rules(project),
        keys=Keys(project),
        inputs=Keys(project).current_inputs(cells),
        planned=len(cells),
    )
    return build_matrix(run, HostFacts(project, "process"), results)


def written(tree: Tree, matrix: Matrix) -> bytes:
    write_matrix(matrix, tree.build)
    return bytes((tree.build / MATRIX).read_bytes())


def test_without_results_every_planned_cell_is_missing_and_red(tree: Tree, cells: list[PlannedCell]) -> None:
    matrix = build(tree, cells, {})

    assert [(cell.name, cell.outcome, cell.verdict) for cell in matrix.cells] == [
        ("linear/npz/fp32", "missing", "failed"),
        ("linear/plain/fp32", "missing", "failed"),
        ("linear/wrapped/fp32", "missing", "failed"),
    ]


def in_half(tree: Tree) -> list[PlannedCell]:
    half = 'weights = "float16"\nactivations = "float16"\njudgement = "rounding"\n'
    tree.write("pipelines/variants/fp16.toml", half)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp16"]')
    tree.change("targets/npz/target.toml", "fp32 = {", "fp16 = {")
    return plan_cells(tree.project(), Selection(targets=("npz",), variants=("fp16",)))


def test_a_cell_without_a_route_is_unsupported_and_red(tree: Tree) -> None:
    (cell,) = build(tree, in_half(tree), {}).cells

    assert (cell.outcome, cell.stage, cell.verdict) == ("unsupported", "plan", "failed")
    assert cell.detail == "no route from numpy to npz fp16"


def test_what_a_pipeline_calls_unsupported_is_expected_for_its_reason(tree: Tree) -> None:
    tree.append("pipelines/npz/pipeline.toml", '\n[unsupported]\nfp16 = "numpy has none that is faster"\n')

    (cell,) = build(tree, in_half(tree), {}).cells

    assert (cell.outcome, cell.verdict) == ("unsupported", "expected")
    assert cell.detail == "no route from numpy to npz fp16: numpy has none that is faster"


def test_a_compared_cell_holds_its_route_versions_and_figures(
    tree: Tree, cells: list[PlannedCell], tmp_path: Path
) -> None:
    matrix = build(tree, cells, decided(tmp_path, cells))

    cell = next(cell for cell in matrix.cells if cell.target == "wrapped")
    assert cell.route == ("numpy", "npz", "wrapped")
    assert cell.steps == ("npz/from_numpy", "wrapped/from_npz")
    assert (cell.outcome, cell.stage, cell.blame) == ("mismatch", "compare", "npz/from_numpy")
    assert cell.versions == {"numpy": "2", "wrapped: numpy": "2"}
    assert cell.checks == ("repeat",)
    assert cell.samples == 4
    assert cell.outputs[0].error == 0.25
    assert cell.artifact is not None


def test_of_a_device_or_an_emulator_the_cell_names_it_and_tells_no_latency(
    tree: Tree, cells: list[PlannedCell], tmp_path: Path
) -> None:
    results, store = decided(tmp_path, cells), Store(tmp_path / "store")
    timed = {"run_s": [0.5], "load_s": 0.25}
    for name, about in (("npz", {"device": "swiftshader"}), ("plain", {}), ("wrapped", {"emulated": True})):
        entry = store.put("runs", digests.of_data(name), None, about={**ABOUT["run"], **about}, measured=timed)
        results[run_id(cell_of(cells, name))] = Done(entry=entry, cached=False)

    matrix = {cell.target: cell for cell in build(tree, cells, results).cells}
    measured = {name: measure_cell(cell_of(cells, name), results) for name in matrix}

    assert (matrix["npz"].device, matrix["plain"].device) == ("swiftshader", "")
    assert (measured["npz"].run_s, measured["npz"].fastest_s, measured["npz"].load_s) == (None, None, 0.25)
    assert (measured["plain"].run_s, measured["wrapped"].run_s) == (0.5, None)
    assert (matrix["wrapped"].emulated, matrix["plain"].emulated) == (True, False)


def cell_of(cells: list[PlannedCell], target: str) -> PlannedCell:
    return next(cell for cell in cells if cell.target.name == target)


def test_a_failed_cell_holds_what_failed(tree: Tree, cells: list[PlannedCell], tmp_path: Path) -> None:
    log = tree.build / "logs" / "x.txt"
    failure = Failed(outcome="crashed", stage="export", detail="SIGSEGV", blame="npz/from_numpy", log=log)
    results: dict[str, Result] = dict.fromkeys(decided(tmp_path, cells), failure)

    cell = build(tree, cells, results).cells[0]

    assert (cell.outcome, cell.stage, cell.blame, cell.detail) == ("crashed", "export", "npz/from_numpy", "SIGSEGV")
    assert cell.log == "logs/x.txt"
    assert cell.artifact is None


def test_where_dtype_or_shape_are_not_the_models_the_cell_says_so(
    tree: Tree, cells: list[PlannedCell], tmp_path: Path
) -> None:
    results = decided(tmp_path, cells)
    other = {**SIGNATURE, "inputs": {"x": {"name": "x", "dtype": "float16", "shape": [4, 1]}}}
    store = Store(tmp_path / "other")
    for id_ in results:
        if id_.startswith("export"):
            entry = store.put("artifacts", "0" * 64, None, about={**ABOUT["export"], "signature": other})
            results[id_] = Done(entry=entry, cached=False)

    assert build(tree, cells, results).cells[0].changes == ("x: float32 → float16", "x: [1, 4] → [4, 1]")


def test_the_order_of_cells_and_results_does_not_matter(tree: Tree, cells: list[PlannedCell], tmp_path: Path) -> None:
    results = decided(tmp_path, cells)
    before = written(tree, build(tree, cells, results))

    for seed in range(5):
        shuffled = random.Random(seed)
        items, order = list(results.items()), list(cells)
        shuffled.shuffle(items)
        shuffled.shuffle(order)
        assert written(tree, build(tree, order, dict(items))) == before


def test_what_is_written_is_read_back(tree: Tree, cells: list[PlannedCell], tmp_path: Path) -> None:
    matrix = build(tree, cells, decided(tmp_path, cells))
    before = written(tree, matrix)

    assert read_matrix(tree.build / MATRIX) == matrix
    assert written(tree, read_matrix(tree.build / MATRIX)) == before


def test_no_matrix_is_told_with_what_to_do(tree: Tree) -> None:
    with pytest.raises(IncompleteRun, match="no matrix yet; `deploymatrix run` makes it"):
        read_matrix(tree.build / MATRIX)


@pytest.mark.parametrize(("right", "wrong"), [('"passed"', '"fine"'), ('"cells"', '"sells"'), ("}", "")])
def test_a_damaged_matrix_is_refused(tree: Tree, cells: list[PlannedCell], right: str, wrong: str) -> None:
    written(tree, build(tree, cells, {}))
    path = tree.build / MATRIX
    path.write_text(path.read_text(encoding="utf-8").replace('"missing"', '"passed"').replace(right, wrong))

    with pytest.raises(IncompleteRun, match="not a matrix of this version"):
        read_matrix(path)


def test_a_cell_has_the_repairs_of_all_steps_on_its_way(tree: Tree, cells: list[PlannedCell], tmp_path: Path) -> None:
    results = decided(tmp_path, cells)
    store = Store(tmp_path / "repaired")
    for index, task in enumerate(plan_tasks(cells).values()):
        if task.kind == "export":
            about = {**ABOUT["export"], "repairs": [f"finding-of-{task.step.format}"]}
            results[task.id] = Done(entry=store.put("cells", f"{index:064}", None, about=about), cached=False)

    repairs = {cell.target: cell.repairs for cell in build(tree, cells, results).cells}

    assert repairs["npz"] == ("finding-of-npz",)
    assert repairs["wrapped"] == ("finding-of-npz", "finding-of-wrapped")
