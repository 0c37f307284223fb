"""What a model brings counts: the lock of its packages, folders that it imports from, weights that it is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploymatrix.execution.keys import Keys
from deploymatrix.project.plan import Selection, plan_cells
from tests.fakes.tree import Tree


def digests_of(tree: Tree) -> dict[str, str]:
    """By cell, the digest of the files that its result depends on; and the key of the model's reference."""
    project = tree.project()
    keys = Keys(project)
    inputs = keys.current_inputs(plan_cells(project, Selection()))
    return {**inputs, "reference": keys.reference(project.models["linear"]).digest}


def bring_packages(tree: Tree) -> None:
    tree.write("models/linear/requirements.lock", f"einops==0.8.2 --hash=sha256:{'0' * 64}\n")


def bring_folder(tree: Tree) -> None:
    tree.write("src/parts.py", "")
    tree.change("models/linear/model.toml", "seed = 1", 'seed = 1\npythonpath = ["../../src"]')


def bring_weights(tree: Tree) -> None:
    tree.write("pipelines/frameworks/numpy/framework.toml", 'environment = "numpy"\nweights = [".bin"]\n')
    tree.write("w.bin", "1")
    tree.change("models/linear/model.toml", "seed = 1", 'seed = 1\nweights = "../../w.bin"')


@pytest.mark.parametrize("bring", [bring_packages, bring_folder, bring_weights])
def test_what_a_model_brings_counts(tree: Tree, bring: Callable[[Tree], None]) -> None:
    before = digests_of(tree)

    bring(tree)

    after = digests_of(tree)
    assert {name for name in before if before[name] == after[name]} == set()


@pytest.mark.parametrize("name", ["src/linear.py", "src/more/__init__.py", "src/space/inner.py"])
def test_what_an_import_may_mean_in_a_folder_of_pythonpath_counts(tree: Tree, name: str) -> None:
    bring_folder(tree)
    before = digests_of(tree)

    tree.write(name, "")

    after = digests_of(tree)
    assert {name for name in before if before[name] == after[name]} == set()


def test_the_content_of_given_weights_counts(tree: Tree) -> None:
    bring_weights(tree)
    before = digests_of(tree)

    tree.write("w.bin", "2")

    after = digests_of(tree)
    assert {name for name in before if before[name] == after[name]} == set()
