"""Expectations are reviewed data: an entry that cannot hold is refused when it is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.expectations import read_expectations
from deploymatrix.project.project import Project
from tests.documented import REPOSITORY
from tests.fakes.tree import Tree
from tests.runtimes import SHIPPED

OWN = """
[[expectations]]
cell = "mine/wrapped/fp32"
outcome = "run_failed"
reason = "the kernel rounds the wrong way"
link = "docs/findings/rounding.md"
"""


def entry(tree: Tree, target: str, **changes: str) -> None:
    fields = {
        "cell": "linear/npz/fp32",
        "outcome": "mismatch",
        "reason": "the kernel rounds the wrong way",
        "link": "docs/findings/rounding.md",
        **changes,
    }
    lines = "\n".join(f'{key} = "{value}"' for key, value in fields.items())
    tree.append(f"targets/{target}/target.toml", f"\n[[expectations]]\n{lines}\n")


def test_entries_of_all_targets_are_read_with_their_file(tree: Tree) -> None:
    entry(tree, "wrapped", outcome="run_failed", stage="run")
    entry(tree, "npz")

    found = read_expectations(tree.project())

    assert [(e.file, e.outcome, e.stage) for e in found] == [
        ("targets/npz/target.toml", "mismatch", None),
        ("targets/wrapped/target.toml", "run_failed", "run"),
    ]


@pytest.mark.parametrize("shipped_models", [True, False])
def test_entries_of_shipped_targets_excuse_shipped_models_alone(
    tree: Tree, tmp_path: Path, shipped_models: bool
) -> None:
    entry(tree, "npz")
    root = tmp_path / "mine"
    shutil.copytree(tree.root / "targets" / "wrapped", root / "targets" / "wrapped")
    (root / "targets/wrapped/target.toml").write_text((tree.root / "targets/wrapped/target.toml").read_text() + OWN)
    project = Project(root=root, build=root / "build", shipped=tree.root, shipped_models=shipped_models)

    found = {(entry.file, entry.cell) for entry in read_expectations(project)}

    shipped = {("targets/npz/target.toml", "linear/npz/fp32")} if shipped_models else set()
    assert found == {("targets/wrapped/target.toml", "mine/wrapped/fp32"), *shipped}


@pytest.mark.parametrize("target", SHIPPED.targets)
def test_a_shipped_entry_names_one_shipped_model_and_a_page_that_there_is(target: str) -> None:
    for expectation in SHIPPED.targets[target].spec.expectations:
        assert expectation.cell.split("/")[0] in SHIPPED.models
        assert expectation.link.startswith("https://") or (REPOSITORY / expectation.link).is_file()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": "mismtach"}, "expectations.outcome: 'mismtach' cannot be expected; did you mean 'mismatch'?"),
        ({"outcome": "passed"}, "expectations.outcome: 'passed' cannot be expected"),
        ({"outcome": "missing"}, "expectations.outcome: 'missing' cannot be expected"),
        ({"stage": "comparing"}, "expectations.stage: 'comparing' cannot be expected; did you mean 'compare'?"),
    ],
)
def test_what_cannot_be_expected_is_refused_with_file_key_and_remedy(
    tree: Tree, changes: dict[str, str], words: str
) -> None:
    entry(tree, "npz", **changes)

    with pytest.raises(ConfigurationError) as caught:
        read_expectations(tree.project())

    assert f"targets/npz/target.toml: {words}" in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("reason", "broken"), ("link", "soon"), ("cell", "")])
def test_an_entry_needs_a_pattern_a_reason_and_a_link(tree: Tree, key: str, value: str) -> None:
    entry(tree, "npz", **{key: value})

    with pytest.raises(ConfigurationError, match=rf"target\.toml: expectations\.0\.{key}: "):
        read_expectations(tree.project())
