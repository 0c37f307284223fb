"""Which part of a plan a cell belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.errors import USAGE, ConfigurationError
from deploymatrix.matrix.shards import number_of, plan_digest, take_shard
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells
from tests.fakes.tree import Called, Tree

NAMES = st.lists(st.text(min_size=1), unique=True)


@pytest.fixture
def planned(tree: Tree) -> list[PlannedCell]:
    """21 cells: seven models on three targets."""
    for number in range(6):
        tree.add_model(f"more{number}")
    return plan_cells(tree.project(), Selection())


def variant_of(cell: PlannedCell) -> PlannedCell:
    whole = cell.target.variants["fp32"]
    variants = {"fp32": whole, "int8": whole.model_copy(update={"judgement": "noise", "default": False})}
    return replace(cell, variant="int8", target=replace(cell.target, variants=variants))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
def test_every_cell_is_in_exactly_one_part(planned: list[PlannedCell], count: int) -> None:
    parts = [take_shard(f"{index}/{count}", planned)[0] for index in range(1, count + 1)]

    assert sorted(cell.name for part in parts for cell in part) == [cell.name for cell in planned]


def test_a_part_records_itself_and_the_whole_plan(planned: list[PlannedCell]) -> None:
    cells, record = take_shard("2/7", planned)

    assert record.parts == ("2/7",)
    assert record.cells == tuple(cell.name for cell in planned)
    assert len(cells) < len(planned)


def test_all_parts_of_a_plan_bear_its_digest(planned: list[PlannedCell]) -> None:
    digests = {take_shard(part, planned)[1].plan for part in ("1/2", "2/2", "3/7", "target=npz")}

    assert digests == {plan_digest(cell.name for cell in planned)}
    assert plan_digest(["another"]) not in digests


def test_the_parts_by_target(planned: list[PlannedCell]) -> None:
    cells, record = take_shard("target=plain", planned)

    assert {cell.target.name for cell in cells} == {"plain"}
    assert (len(cells), len(record.cells)) == (7, 21)


def test_the_part_of_a_cell_does_not_depend_on_the_other_cells(planned: list[PlannedCell]) -> None:
    fewer = planned[::2]

    assert [c.name for c in take_shard("1/3", fewer)[0]] == [
        c.name for c in take_shard("1/3", planned)[0] if c in fewer
    ]


@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_a_variant_is_in_the_part_of_the_cell_that_it_stands_beside(planned: list[PlannedCell], count: int) -> None:
    """Else two machines would take the times that are divided, and both would export the artifact in float32."""
    quantised = [variant_of(cell) for cell in planned]

    for index in range(1, count + 1):
        of_part, _ = take_shard(f"{index}/{count}", [*planned, *quantised])
        plain = [cell.name for cell in of_part if not cell.beside]
        assert plain == [cell.name for cell in take_shard(f"{index}/{count}", planned)[0]]
        assert sorted(f"{cell.model.name}/{cell.target.name}/fp32" for cell in of_part if cell.beside) == sorted(plain)


def test_a_name_keeps_its_number_for_ever() -> None:
    """A changed hash would send a running release's shards to other machines than its caches."""
    assert [number_of(name, 7) for name in ("mlp/onnx/fp32", "mlp/litert/fp32", "lstm/tfjs/fp32")] == [7, 7, 6]


@given(st.text(), st.integers(min_value=1, max_value=1000))
def test_a_number_is_from_one_to_the_count(name: str, count: int) -> None:
    assert 1 <= number_of(name, count) <= count


@given(NAMES)
def test_the_digest_of_a_plan_ignores_its_order(names: list[str]) -> None:
    assert plan_digest(names) == plan_digest(reversed(names))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("0/2", "write i/n"),
        ("1/0", "write i/n"),
        ("-1/2", "write i/n"),
        ("1", "write i/n"),
        ("1/2/3", "write i/n"),
        ("", "write i/n"),
        ("3/2", "there is no part 3 of 2; the first is 1/2"),
        ("target=npy", "did you mean 'npz'?"),
    ],
)
def test_what_is_not_a_part_is_refused(planned: list[PlannedCell], part: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("?", r"\?")):
        take_shard(part, planned)


@pytest.mark.parametrize("option", ["--shard=0/2", "--shard=3/2", "--shard=target=npy", "--shard="])
def test_a_wrong_part_is_a_usage_error_before_anything_runs(
    tree: Tree, call: Callable[..., Called], option: str
) -> None:
    done = call("run", "--isolation", "process", option)

    assert done.code == USAGE
    assert "--shard" in done.err
    assert not (tree.build / "matrix.json").exists()
