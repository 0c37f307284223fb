"""The route of a model to a format: the first source in order of preference through which there is one."""

from __future__ import annotations

import pytest

from deploymatrix.project.routes import Route, find_route
from tests.fakes.tree import Tree


def pipeline(tree: Tree, format_: str, *sources: str, more: str = "") -> None:
    """A format whose steps come from `sources`, in this order."""
    blocks = [f'[[steps]]\nfrom = "{source}"\nenvironment = "numpy"\n{more}\n' for source in sources]
    tree.write(f"pipelines/{format_}/pipeline.toml", "\n".join(blocks))
    for source in sources:
        tree.write(f"pipelines/{format_}/from_{source}.py", "")


def framework(tree: Tree, name: str) -> None:
    tree.write(f"pipelines/frameworks/{name}/framework.toml", 'environment = "numpy"\n')
    tree.write(f"pipelines/frameworks/{name}/framework.py", "")


def route(tree: Tree, format_: str, variant: str = "fp32", model: str = "linear") -> Route | None:
    project = tree.project()
    return find_route(project, project.models[model], format_, variant)


def test_a_direct_route(tree: Tree) -> None:
    assert str(route(tree, "npz")) == "numpy → npz"


def test_a_route_through_another_format(tree: Tree) -> None:
    found = route(tree, "wrapped")

    assert found is not None
    assert str(found) == "numpy → npz → wrapped"
    assert [step.name for step in found.steps] == ["npz/from_numpy", "wrapped/from_npz"]
    assert [str(prefix) for prefix in found.prefixes()] == ["numpy → npz", "numpy → npz → wrapped"]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(("numpy", "npz"), "numpy → wrapped"), (("npz", "numpy"), "numpy → npz → wrapped")],
)
def test_the_first_source_is_preferred(tree: Tree, sources: tuple[str, ...], expected: str) -> None:
    pipeline(tree, "wrapped", *sources)

    assert str(route(tree, "wrapped")) == expected


def test_a_source_without_a_route_is_passed_over(tree: Tree) -> None:
    framework(tree, "other")
    pipeline(tree, "wrapped", "other", "npz")

    assert str(route(tree, "wrapped")) == "numpy → npz → wrapped"


def test_a_model_may_choose_its_source(tree: Tree) -> None:
    pipeline(tree, "wrapped", "npz", "numpy")
    tree.add_model("chooser", '[routes.wrapped]\nfrom = "numpy"')

    assert str(route(tree, "wrapped", model="chooser")) == "numpy → wrapped"
    assert str(route(tree, "wrapped", model="linear")) == "numpy → npz → wrapped"


def test_a_choice_also_counts_on_the_way(tree: Tree) -> None:
    pipeline(tree, "detour", "numpy")
    pipeline(tree, "npz", "numpy", "detour")
    tree.add_model("chooser", '[routes.npz]\nfrom = "detour"')

    assert str(route(tree, "wrapped", model="chooser")) == "numpy → detour → npz → wrapped"


def test_a_models_options_are_laid_over_the_steps(tree: Tree) -> None:
    tree.append("pipelines/npz/pipeline.toml", "options = { one = 1, two = 2 }\n")
    tree.add_model("chooser", "[routes.npz]\noptions = { two = 3 }")

    found = route(tree, "npz", model="chooser")

    assert found is not None
    assert found.steps[0].options == {"one": 1, "two": 3}


def test_a_framework_may_have_the_name_of_a_format(tree: Tree) -> None:
    pipeline(tree, "numpy", "numpy")
    tree.add_model("chooser", "[routes.numpy]\noptions = { two = 3 }")

    found = route(tree, "numpy", model="chooser")

    assert found is not None
    assert found.steps[0].options == {"two": 3}


def test_formats_that_lead_to_each_other_do_not_hang(tree: Tree) -> None:
    framework(tree, "other")
    pipeline(tree, "npz", "wrapped", "other")
    pipeline(tree, "wrapped", "npz")

    assert route(tree, "npz") is None
    assert route(tree, "wrapped") is None


def test_a_cycle_is_left_where_a_way_out_exists(tree: Tree) -> None:
    pipeline(tree, "npz", "wrapped", "numpy")
    pipeline(tree, "wrapped", "npz")

    assert str(route(tree, "wrapped")) == "numpy → npz → wrapped"


def test_a_variant_needs_every_step_of_the_way(tree: Tree) -> None:
    tree.write("pipelines/variants/fp16.toml", 'weights = "float16"\nactivations = "float16"\njudgement = "rounding"\n')
    pipeline(tree, "wrapped", "npz", more='variants = ["fp32", "fp16"]')

    assert str(route(tree, "wrapped", "fp32")) == "numpy → npz → wrapped"
    assert route(tree, "wrapped", "fp16") is None


def test_a_source_opens_the_models_of_the_frameworks_that_it_names(tree: Tree) -> None:
    framework(tree, "other")
    tree.write("pipelines/frameworks/other/from_numpy.py", "")
    pipeline(tree, "wrapped", "other", more='frameworks = ["other", "numpy"]')

    found = route(tree, "wrapped")

    assert str(found) == "numpy → other → wrapped"
    assert found is not None
    assert found.steps[0].opener == "other"
