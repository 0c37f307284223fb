"""The plan lists every selected cell before anything runs, and each task once, after those that it needs."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from deploymatrix.errors import NOTHING_SELECTED, ConfigurationError, NothingSelected
from deploymatrix.project.plan import Selection, plan_cells, plan_tasks
from tests.fakes.tree import Tree

HALF = 'weights = "float16"\nactivations = "float16"\njudgement = "rounding"\n'


def names(tree: Tree, **selection: Any) -> list[str]:
    return [cell.name for cell in plan_cells(tree.project(), Selection(**selection))]


@pytest.fixture
def zoo(tree: Tree) -> Any:
    """Two models: linear, and linear2 with a tag."""
    tree.add_model("linear2")
    tree.change("models/linear2/model.toml", "seed = 1", 'seed = 1\ntags = ["core"]\nfamily = "dense"')
    return tree


def test_without_a_selection_every_model_meets_every_target(zoo: Any) -> None:
    assert names(zoo) == [
        "linear/npz/fp32",
        "linear/plain/fp32",
        "linear/wrapped/fp32",
        "linear2/npz/fp32",
        "linear2/plain/fp32",
        "linear2/wrapped/fp32",
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"targets": ("npz",)}, ["linear/npz/fp32", "linear2/npz/fp32"]),
        ({"models": ("linear2",), "targets": ("npz", "plain")}, ["linear2/npz/fp32", "linear2/plain/fp32"]),
        ({"expression": "linear2 and npz"}, ["linear2/npz/fp32"]),
        ({"expression": "core and not (npz or wrapped)"}, ["linear2/plain/fp32"]),
        ({"expression": "dense and npz"}, ["linear2/npz/fp32"]),
        ({"expression": "linear/w*"}, ["linear/wrapped/fp32"]),
        ({"models": ("linear",), "expression": "fp32 and plain"}, ["linear/plain/fp32"]),
    ],
)
def test_a_selection(zoo: Any, selection: dict[str, Any], expected: list[str]) -> None:
    assert names(zoo, **selection) == expected


def test_a_word_that_is_a_tag_is_no_part_of_a_name(zoo: Any) -> None:
    shutil.copytree(zoo.root / "targets/plain", zoo.root / "targets/corep")

    assert names(zoo, expression="core and corep") == ["linear2/corep/fp32"]
    assert names(zoo, models=["linear"], targets=["corep"], expression="corep") == ["linear/corep/fp32"]
    with pytest.raises(NothingSelected):
        names(zoo, models=["linear"], expression="core")


def test_a_word_that_is_a_tag_may_be_a_whole_name(zoo: Any) -> None:
    zoo.change("models/linear2/model.toml", '["core"]', '["plain"]')

    assert names(zoo, models=["linear"], expression="plain") == ["linear/plain/fp32"]
    assert len(names(zoo, models=["linear2"], expression="plain")) == 3


def test_a_target_has_a_cell_for_each_variant(tree: Tree) -> None:
    tree.write("pipelines/variants/fp16.toml", HALF)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp32", "fp16"]')
    tree.change(
        "targets/npz/target.toml", "[limits]", "[limits]\nfp16 = { multiple = 12, floor = 1e-3, ceiling = 1e-2 }"
    )

    assert names(tree, targets=("npz",)) == ["linear/npz/fp16", "linear/npz/fp32"]


def test_a_cell_without_a_route_is_planned_all_the_same(tree: Tree) -> None:
    tree.write("pipelines/variants/fp16.toml", HALF)
    tree.change("targets/npz/target.toml", '["fp32"]', '["fp16"]')
    tree.change("targets/npz/target.toml", "fp32 = {", "fp16 = {")

    cells = plan_cells(tree.project(), Selection(targets=("npz",)))

    assert [(cell.name, cell.route) for cell in cells] == [("linear/npz/fp16", None)]
    assert plan_tasks(cells) == {}


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"models": ("liner",)}, "unknown model 'liner'; did you mean 'linear'?"),
        ({"targets": ("warpped",)}, "unknown target 'warpped'; did you mean 'wrapped'?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(tree: Tree, selection: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        names(tree, **selection)

    assert message in str(caught.value)


def test_a_selection_of_nothing_is_an_error(tree: Tree) -> None:
    with pytest.raises(NothingSelected, match="no cell matches -t npz -k nobody") as caught:
        names(tree, targets=("npz",), expression="nobody")

    assert caught.value.exit_code == NOTHING_SELECTED


def test_tasks_come_after_what_they_need_and_shared_ones_once(tree: Tree) -> None:
    tasks = plan_tasks(plan_cells(tree.project(), Selection()))

    kinds = [task.kind for task in tasks.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"reference": 1, "export": 2, "run": 3, "compare": 3}
    seen: set[str] = set()
    for task in tasks.values():
        assert set(task.needs) <= seen
        seen.add(task.id)


def test_tasks_of_different_models_share_nothing(zoo: Any) -> None:
    tasks = plan_tasks(plan_cells(zoo.project(), Selection()))

    for task in tasks.values():
        assert all(tasks[need].model.name == task.model.name for need in task.needs)


@pytest.mark.parametrize("error", ["1e-6", "1e-3"])
def test_a_models_limit_out_of_a_targets_bounds_is_told_before_anything_runs(tree: Tree, error: str) -> None:
    tree.append("models/linear/model.toml", f'\n[limits.fp32]\nerror = {error}\nreason = "what users accepted"\n')

    with pytest.raises(ConfigurationError, match=r"model\.toml: limits\.fp32\.error: .* 2e-06 to 0\.0005; write"):
        plan_cells(tree.project(), Selection())
