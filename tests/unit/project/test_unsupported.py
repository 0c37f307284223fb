"""What no step makes of some frameworks' models is told in pipeline.toml, and expected of those alone."""

from __future__ import annotations

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.expectations import read_expectations
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.routes import find_route
from tests.fakes.tree import Tree

NPZ, TARGET = "pipelines/npz/pipeline.toml", "targets/npz/target.toml"
NOISE = """
weights = "int8"
activations = "int8"
judgement = "noise"
snr_db = 20
fidelity = { share = 2.0, flips = 0.5, times = 4, least = 1e-5, far = 0.01 }
"""
UNSUPPORTED = '\n[unsupported]\nint8 = { reason = "its layers are none that are quantised", frameworks = ["other"] }\n'


@pytest.fixture
def two_frameworks(tree: Tree) -> Tree:
    """The tiny project with a model of another framework, which the step to npz opens, too, but not in int8."""
    tree.write("pipelines/variants/int8.toml", NOISE)
    for name in ("framework.py", "framework.toml"):
        tree.write(f"pipelines/frameworks/other/{name}", (tree.root / f"pipelines/frameworks/numpy/{name}").read_text())
    tree.write("pipelines/frameworks/numpy/from_other.py", "")
    tree.change(NPZ, 'environment = "numpy"', 'environment = "numpy"\nframeworks = ["numpy", "other"]\nvariants = V')
    tree.change(NPZ, "variants = V", 'variants = ["fp32", "int8"]')
    tree.append(NPZ, UNSUPPORTED)
    tree.change(TARGET, '["fp32"]', '["fp32", "int8"]')
    other = tree.add_model("other_linear") / "model.toml"
    other.write_text(other.read_text().replace('framework = "numpy"', 'framework = "other"'))
    return tree


def test_a_variant_has_no_route_from_a_framework_that_the_file_names(two_frameworks: Tree) -> None:
    project = two_frameworks.project()

    routes = {
        (model, variant): find_route(project, project.models[model], "npz", variant) is not None
        for model in ("linear", "other_linear")
        for variant in ("fp32", "int8")
    }

    assert routes == {
        ("linear", "fp32"): True,
        ("linear", "int8"): True,
        ("other_linear", "fp32"): True,
        ("other_linear", "int8"): False,
    }


def test_that_is_expected_of_these_models_alone(two_frameworks: Tree) -> None:
    expected = [entry for entry in read_expectations(two_frameworks.project()) if entry.outcome == "unsupported"]

    assert [(entry.cell, entry.reason) for entry in expected] == [
        ("other_linear/npz/int8", "its layers are none that are quantised")
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('["other"] }', '["others"] }', "unsupported.frameworks: 'others' does not exist; did you mean 'other'?"),
        (', frameworks = ["other"] }', " }", "unsupported.int8: a step of this file makes it; remove one of both"),
        ('reason = "its', 'why = "its', "unsupported.int8"),
        ("its layers are none that are quantised", "no", "unsupported.int8"),
    ],
)
def test_a_mistake_names_the_key(two_frameworks: Tree, old: str, new: str, why: str) -> None:
    two_frameworks.change(NPZ, old, new)

    with pytest.raises(ConfigurationError) as caught:
        plan_cells(two_frameworks.project(), Selection())

    assert why in str(caught.value)
