"""Merging shards: the laws that make their order and number not matter, and what is refused."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.errors import INCOMPLETE, OK, USAGE, ConfigurationError
from deploymatrix.matrix.beside import with_size_ratios
from deploymatrix.matrix.counts import count
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.measurements import Measurement, Measurements, PartOfRun
from deploymatrix.matrix.merge import Piece, merge, merge_measurements, missing_cells, read_piece, write_merged
from deploymatrix.matrix.records import Cell, Matrix, Shard
from deploymatrix.matrix.shards import number_of, plan_digest
from deploymatrix.store.files import write_json
from tests.fakes.matrices import make_cell, make_matrix
from tests.fakes.tree import Called, Tree

CELLS = [
    make_cell("mlp", "onnx"),
    make_cell("mlp", "litert", outcome="mismatch"),
    make_cell("mlp", "tfjs", outcome="export_failed"),
    make_cell("lstm", "onnx", outcome="crashed"),
    make_cell("lstm", "litert"),
    make_cell("lstm", "tfjs", outcome="unsupported"),
    make_cell("resnet18", "onnx"),
    make_cell("resnet18", "litert", outcome="timed_out"),
    make_cell("resnet18", "onnx", "fp16", beside="fp32"),
]
PLAN = tuple(sorted(cell.name for cell in CELLS))
WHOLE = make_matrix(*with_size_ratios(CELLS))


def shard(part: str, names: set[str], *, missing: frozenset[str] = frozenset(), **changes: Any) -> Matrix:
    """A part of WHOLE with the cells of those names, some of them without a result."""
    cells = [c for c in WHOLE.cells if c.name in names]
    found = with_size_ratios(_missing(cell) if cell.name in missing else cell for cell in cells)
    record = Shard(parts=(part,), plan=plan_digest(PLAN), cells=PLAN)
    return WHOLE.model_copy(update={"cells": found, "shard": record} | changes)


def _missing(cell: Cell) -> Cell:
    return make_cell(cell.model, cell.target, cell.variant, "missing", beside=cell.beside)


def of_hash(index: int, count: int) -> Matrix:
    return shard(f"{index}/{count}", {name for name in PLAN if number_of(name, count) == index})


def measurements(part: str, names: set[str], seconds: float) -> Measurements:
    cells = tuple(Measurement(cell=name, cached=False, run_s=seconds) for name in sorted(names))
    figures = PartOfRun(wall_s=seconds, exports=len(names), runs=len(names))
    return Measurements(**figures.model_dump(), parts={part: figures}, cells=cells)


def pieces(*matrices: Matrix, measured: tuple[Measurements, ...] = ()) -> list[Piece]:
    known = [*measured, *[None] * (len(matrices) - len(measured))]
    return [
        Piece(file=Path(f"{i}/matrix.json"), matrix=m, measurements=k)
        for i, (m, k) in enumerate(zip(matrices, known, strict=True))
    ]


def joined(*matrices: Matrix) -> Matrix:
    return merge(pieces(*matrices))


SUBSETS = st.sets(st.sampled_from(PLAN))
SHARDS = st.builds(
    lambda number, names, missing: shard(f"{number}/9", names, missing=frozenset(missing)),
    st.integers(min_value=1, max_value=9),
    SUBSETS,
    SUBSETS,
)
SECONDS = st.floats(min_value=0, max_value=100)
MEASURED = st.builds(
    lambda number, names, seconds: measurements(f"{number}/9", names, seconds),
    st.integers(min_value=1, max_value=9),
    SUBSETS,
    SECONDS,
)


def both(*known: Measurements) -> Measurements:
    return merge_measurements(pieces(*[WHOLE] * len(known), measured=known))


@given(SHARDS, SHARDS, SHARDS)
def test_merging_is_associative(a: Matrix, b: Matrix, c: Matrix) -> None:
    assert joined(joined(a, b), c) == joined(a, joined(b, c)) == joined(a, b, c)


@given(SHARDS, SHARDS)
def test_merging_is_commutative(a: Matrix, b: Matrix) -> None:
    assert joined(a, b) == joined(b, a)


@given(SHARDS, SHARDS)
def test_merging_is_idempotent(a: Matrix, b: Matrix) -> None:
    once = joined(a, b)

    assert joined(once) == joined(once, once) == joined(once, a) == once


@given(MEASURED, MEASURED, MEASURED)
def test_the_same_laws_hold_for_measurements(a: Measurements, b: Measurements, c: Measurements) -> None:
    assert both(both(a, b), c) == both(a, both(b, c)) == both(c, b, a)
    assert both(a, a) == both(a)


@given(st.data())
def test_a_plan_cut_in_any_way_and_merged_in_any_order_is_the_whole(data: st.DataObject) -> None:
    owners = data.draw(st.lists(st.integers(0, 4), min_size=len(PLAN), max_size=len(PLAN)))
    cut = [shard(f"{i + 1}/5", {n for n, o in zip(PLAN, owners, strict=True) if o == i}) for i in range(5)]

    order = data.draw(st.permutations(cut))

    assert functools.reduce(joined, order) == joined(*order) == WHOLE


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_shards_of_any_count_give_the_bytes_of_the_whole(tmp_path: Path, count: int) -> None:
    write_matrix(WHOLE, tmp_path / "whole")
    folders = [tmp_path / str(index) for index in range(count, 0, -1)]
    for index, folder in zip(range(count, 0, -1), folders, strict=True):
        write_matrix(of_hash(index, count), folder)

    write_merged([read_piece(folder) for folder in folders], tmp_path / "merged")

    assert (tmp_path / "merged/matrix.json").read_bytes() == (tmp_path / "whole/matrix.json").read_bytes()


def test_a_merged_variant_stands_beside_the_cell_of_another_piece() -> None:
    name, beside = "resnet18/onnx/fp16", "resnet18/onnx/fp32"
    alone, rest = shard("1/2", {name}), shard("2/2", set(PLAN) - {name})
    measured = (measurements("1/2", {name}, 3.0), measurements("2/2", {beside}, 4.0))

    merged = joined(alone, rest)
    times = {each.cell: each.latency_ratio for each in merge_measurements(pieces(alone, rest, measured=measured)).cells}

    assert [cell.size_ratio for cell in alone.cells] == [None]
    assert {cell.name: cell.size_ratio for cell in merged.cells}[name] == pytest.approx(0.25, rel=1e-3)
    assert times == {name: 0.75, beside: None}


def test_shards_of_different_counts_may_be_mixed() -> None:
    assert joined(of_hash(1, 2), *[of_hash(index, 7) for index in range(1, 8)]) == WHOLE


def test_what_is_not_whole_stays_a_shard_and_knows_its_parts() -> None:
    merged = joined(of_hash(3, 7), of_hash(1, 7))

    assert merged.shard is not None
    assert merged.shard.parts == ("1/7", "3/7")
    assert set(missing_cells(merged)) == set(PLAN) - {cell.name for cell in merged.cells}


def test_a_shard_that_was_run_again_replaces_its_missing_cells() -> None:
    names = set(PLAN[:3])
    died, again = shard("1/2", names, missing=frozenset(names)), shard("1/2", names)

    merged = joined(died, again, shard("2/2", set(PLAN[3:])))

    assert missing_cells(joined(died)) == list(PLAN)
    assert merged == WHOLE


def test_two_results_of_one_cell_are_refused_naming_both_files() -> None:
    crashed = shard("1/2", set(), cells=(make_cell("mlp", "onnx", outcome="crashed"),))

    with pytest.raises(ConfigurationError) as refused:
        joined(shard("2/2", {"mlp/onnx/fp32"}), crashed)

    assert "two results for mlp/onnx/fp32: passed in 0/matrix.json, crashed in 1/matrix.json" in str(refused.value)


def test_two_results_with_one_outcome_are_told_apart_by_what_differs() -> None:
    cell = make_cell("mlp", "onnx")
    newer = shard("1/2", set(), cells=(cell.model_copy(update={"versions": {"onnx": "2"}}),))

    with pytest.raises(ConfigurationError, match=r"they differ in versions"):
        joined(shard("2/2", {cell.name}), newer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator": "deploymatrix 9"}, "not parts of one run: generator"),
        ({"isolation": "process"}, "not parts of one run: isolation"),
        ({"exporters": "docker"}, "not parts of one run: exporters"),
        ({"selection": ("-t onnx",)}, "not parts of one run: selection"),
        ({"unmatched": ("an entry",)}, "not parts of one run: unmatched"),
        ({"shard": None}, "parts of different plans: only one has lstm/litert/fp32"),
    ],
)
def test_parts_of_different_runs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        joined(shard("1/2", {PLAN[-1]}), shard("2/2", {PLAN[-1]}, **changes))

    assert "0/matrix.json and 1/matrix.json" in str(refused.value)


def test_the_whole_took_as_long_as_the_longest_part_and_did_all_the_work() -> None:
    merged = both(measurements("1/2", set(PLAN[:2]), 3.0), measurements("2/2", set(PLAN[2:]), 5.0))

    assert (merged.wall_s, merged.exports, merged.runs) == (5.0, len(PLAN), len(PLAN))
    assert [cell.cell for cell in merged.cells] == list(PLAN)
    assert sorted(merged.parts) == ["1/2", "2/2"]


def test_logs_come_along(tmp_path: Path) -> None:
    cell = CELLS[2]
    assert cell.log is not None
    write_matrix(shard("1/1", {cell.name}), tmp_path / "part")
    (tmp_path / "part" / cell.log).parent.mkdir()
    (tmp_path / "part" / cell.log).write_text("what happened")

    write_merged([read_piece(tmp_path / "part")], tmp_path / "merged")

    assert (tmp_path / "merged" / cell.log).read_text() == "what happened"


def written(folder: Path, matrix: Matrix) -> str:
    write_matrix(matrix, folder)
    return str(folder)


def test_the_command_merges_build_folders_and_files_into_the_build_folder(
    tree: Tree, call: Callable[..., Called], tmp_path: Path
) -> None:
    first, second = written(tmp_path / "1", of_hash(1, 2)), written(tmp_path / "2", of_hash(2, 2))
    write_json(tmp_path / "1/measurements.json", measurements("1/2", {PLAN[0]}, 2.0).model_dump(mode="json"))

    done = call("merge", second, f"{first}/matrix.json")

    assert done.code == OK
    assert "9 of 9 cells" in done.out
    assert Matrix.model_validate_json((tree.build / "matrix.json").read_bytes()) == WHOLE
    assert json.loads((tree.build / "measurements.json").read_bytes())["wall_s"] == 2.0


def test_a_missing_shard_is_incomplete_and_its_cells_are_named(call: Callable[..., Called], tmp_path: Path) -> None:
    first = of_hash(1, 2)

    done = call("merge", written(tmp_path / "1", first), "--out", str(tmp_path / "merged"))

    left_out = sorted(set(PLAN) - {cell.name for cell in first.cells})
    assert done.code == INCOMPLETE
    assert done.err.splitlines() == [f"missing: {name}: no result in any shard" for name in left_out]
    later = call("merge", str(tmp_path / "merged"), written(tmp_path / "2", of_hash(2, 2)))
    assert later.code == OK


def test_two_results_of_one_cell_are_a_usage_error(call: Callable[..., Called], tmp_path: Path) -> None:
    changed = make_cell("mlp", "onnx", outcome="crashed")
    other = shard("2/2", set(), cells=(changed,))

    done = call("merge", written(tmp_path / "1", shard("1/2", {changed.name})), written(tmp_path / "2", other))

    assert done.code == USAGE
    assert f"{tmp_path}/1/matrix.json" in done.err and f"{tmp_path}/2/matrix.json" in done.err


@pytest.mark.parametrize("what", ["absent", "empty"])
def test_what_is_no_matrix_is_incomplete(call: Callable[..., Called], tmp_path: Path, what: str) -> None:
    if what == "empty":
        (tmp_path / what).mkdir()
        (tmp_path / what / "matrix.json").write_text("{}")

    done = call("merge", str(tmp_path / what))

    assert done.code == INCOMPLETE
    assert str(tmp_path / what) in done.err


def test_a_merge_keeps_how_many_cells_the_project_plans() -> None:
    parts = [of_hash(index, 3).model_copy(update={"planned": 20, "selection": ("-k core",)}) for index in (1, 2, 3)]

    merged = merge(pieces(*parts))

    assert (merged.planned, merged.shard) == (20, None)
    assert merge(pieces(merged, parts[0])) == merged
    assert count(merged).partial == "partial: 9 of 20 planned cells"


def test_shards_of_projects_that_plan_otherwise_are_refused() -> None:
    one, two = (of_hash(index, 2).model_copy(update={"planned": 20 + index}) for index in (1, 2))

    with pytest.raises(ConfigurationError, match="planned: 21 against 22"):
        merge(pieces(one, two))
