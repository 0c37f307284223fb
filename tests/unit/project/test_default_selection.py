"""The default of a project: what is run, and what a release is held to, where the user selects nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError, NothingSelected
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.project import Project
from deploymatrix.project.selecting import selected
from deploymatrix.project.specs import ProjectSpec
from deploymatrix.project.trees import read_settings
from tests.fakes.tree import Tree

REPOSITORY = Path(__file__).resolve().parents[3]
CORE_AT_MOST, ZOO_AT_LEAST = 12, 36
SHIPPED = ProjectSpec().default


@pytest.fixture
def project(tree: Tree) -> Project:
    """Of three models: `linear2` is in the zoo alone, `linear3` in the core, too, and `linear` has no tag."""
    tree.add_model("linear2")
    tree.add_model("linear3")
    tree.change("models/linear3/model.toml", "seed = 1", 'seed = 1\ntags = ["core", "zoo"]')
    tree.change("models/linear2/model.toml", "seed = 1", 'seed = 1\ntags = ["zoo"]')
    return replace(tree.project(), default=SHIPPED)


def models(project: Project, selection: Selection) -> set[str]:
    return {cell.model.name for cell in plan_cells(project, selection)}


def test_without_a_selection_the_zoo_stays_out(project: Project) -> None:
    found = models(project, selected(project))

    assert found == {"linear", "linear3"}


def test_a_target_is_a_part_of_the_default(project: Project) -> None:
    selection = selected(project, targets=["npz"])

    assert "linear2" not in models(project, selection)
    assert selection.whole == selected(project)
    assert selection.describe() == ("-t npz", f"default: {SHIPPED}")


@pytest.mark.parametrize("given", [{"models": ["linear2"]}, {"expression": "zoo"}, {"expression": "*"}])
def test_a_named_model_or_an_expression_reaches_beyond_it(given: dict[str, object], project: Project) -> None:
    selection = selected(project, **given)  # type: ignore[arg-type]

    assert "linear2" in models(project, selection)
    assert selection.whole == Selection()


def targets(project: Project, selection: Selection) -> set[str]:
    return {cell.target.name for cell in plan_cells(project, selection)}


@pytest.fixture
def reaching(tree: Tree) -> Project:
    """With two targets more, `far` and `further`, that no run takes by default."""
    for name in ("far", "further"):
        shutil.copytree(tree.root / "targets/npz", tree.root / "targets" / name)
        tree.change(f"targets/{name}/target.toml", 'tags = ["fake"]', 'tags = ["reach", "web"]')
    tree.add_model("linear2")
    tree.change("models/linear2/model.toml", "seed = 1", 'seed = 1\ntags = ["zoo"]')
    return replace(tree.project(), default=SHIPPED, default_targets=ProjectSpec().default_targets)


@pytest.mark.parametrize("given", [{}, {"models": ["linear2"]}, {"expression": "linear"}])
def test_a_target_beyond_the_default_is_run_by_name_alone(given: dict[str, object], reaching: Project) -> None:
    selection = selected(reaching, **given)  # type: ignore[arg-type]

    assert not {"far", "further"} & targets(reaching, selection)
    assert selection.describe()[-1] == "default targets: not reach"
    assert "far" not in targets(reaching, selection.whole)


@pytest.mark.parametrize(
    ("word", "names"),
    [("far", {"far"}), ("web", {"far", "further"}), ("npz", {"npz"}), ("all", {"far", "further", "npz"})],
)
def test_targets_are_named_by_name_by_tag_or_all(word: str, names: set[str], reaching: Project) -> None:
    selection = selected(reaching, targets=[word])

    assert names <= targets(reaching, selection)
    assert word == "all" or names == targets(reaching, selection)
    assert models(reaching, selection) == {"linear"}  # the default of cells still holds
    assert targets(reaching, selection) <= targets(reaching, selection.whole)


def test_a_selection_that_the_default_of_targets_empties_says_so(reaching: Project) -> None:
    with pytest.raises(NothingSelected, match="default targets: not reach; -t all selects on every target"):
        plan_cells(reaching, selected(reaching, expression="web"))


def test_a_default_that_leaves_nothing_out_is_not_recorded(tree: Tree) -> None:
    project = replace(tree.project(), default=SHIPPED)

    assert selected(project) == Selection()


def test_a_name_is_no_tag(tree: Tree) -> None:
    tree.add_model("zoo_keeper")
    tree.add_model("other")
    tree.change("models/other/model.toml", "seed = 1", 'seed = 1\ntags = ["zoo"]')
    project = replace(tree.project(), default=SHIPPED)

    assert models(project, selected(project)) == {"linear", "zoo_keeper"}


def test_a_default_that_is_no_expression_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").write_text('default = "core or"\n')

    with pytest.raises(ConfigurationError, match=r"default.*not an expression"):
        read_settings(tmp_path)


def test_the_shipped_models_are_all_in_the_zoo_and_few_in_the_core() -> None:
    shipped = Project(root=REPOSITORY, build=REPOSITORY / "build", default=SHIPPED)
    core = {name for name, model in shipped.models.items() if "core" in model.spec.tags}

    assert all("zoo" in model.spec.tags for model in shipped.models.values())
    assert len(core) <= CORE_AT_MOST
    assert len(shipped.models) >= ZOO_AT_LEAST
    assert models(shipped, selected(shipped)) == core


@pytest.mark.parametrize("toml", sorted(REPOSITORY.glob("models/*/model.toml")), ids=lambda path: path.parent.name)
def test_each_model_says_why_it_is_there(toml: Path) -> None:
    assert toml.read_text().startswith("# Why: ")
