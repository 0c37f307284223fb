"""Further versions of a target's runtime: targets of their own, with a lock of their own, that run the same way."""

from __future__ import annotations

import shutil

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.expectations import is_about, read_expectations
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.widening_specs import WideningRule
from tests.fakes.tree import Tree

ENTRY = """
[[expectations]]
cell = "*/npz-1.9/*"
outcome = "load_failed"
reason = "it knows no such file"
link = "docs/nowhere.md"
"""


@pytest.fixture
def versioned(tree: Tree) -> Tree:
    """The target npz with two further versions of its runtime, 1.9 and 1.10."""
    folder = tree.root / "targets/npz"
    tree.change("targets/npz/target.toml", 'variants = ["fp32"]', 'variants = ["fp32"]\nversions = ["1.9", "1.10"]')
    for version in ("1.9", "1.10"):
        (folder / "versions" / version).mkdir(parents=True)
        shutil.copy(folder / "requirements.lock", folder / "versions" / version)
    return tree


def test_each_version_is_a_target_beyond_the_default(versioned: Tree) -> None:
    project = versioned.project()
    own, further = project.targets["npz"], project.targets["npz-1.9"]

    assert list(project.targets) == ["npz", "npz-1.10", "npz-1.9", "plain", "wrapped"]
    assert (further.version, further.version_of, own.version_of) == ("1.9", "npz", "")
    assert {"versions", "reach"} < {*further.spec.tags} and "reach" not in own.spec.tags
    assert project.run_module(further) == project.run_module(own)
    assert project.runtime_lock(further) == own.folder / "versions/1.9/requirements.lock"


def test_it_runs_the_artifact_that_the_target_itself_runs(versioned: Tree) -> None:
    cells = plan_cells(versioned.project(), Selection(targets=("npz", "npz-1.9"), models=("linear",)))

    assert [cell.name for cell in cells] == ["linear/npz-1.9/fp32", "linear/npz/fp32"]
    assert cells[0].route == cells[1].route


def test_its_expectations_stand_beside_its_lock_and_are_about_it_alone(versioned: Tree) -> None:
    versioned.write("targets/npz/versions/1.9/version.toml", ENTRY.replace('"*/npz-1.9/*"', '"*"'))
    (entry,) = read_expectations(versioned.project())

    assert is_about(entry, "linear/npz-1.9/fp32")
    assert not is_about(entry, "linear/npz/fp32")
    assert not is_about(entry, "linear/npz-1.10/fp32")


def test_an_entry_of_the_target_itself_is_not_about_its_other_versions(versioned: Tree) -> None:
    versioned.append("targets/npz/target.toml", ENTRY.replace('"*/npz-1.9/*"', '"*"'))
    (entry,) = read_expectations(versioned.project())

    assert is_about(entry, "linear/npz/fp32")
    assert not is_about(entry, "linear/npz-1.9/fp32")


def test_a_version_without_a_folder_is_refused(versioned: Tree) -> None:
    versioned.change("targets/npz/target.toml", '"1.9", "1.10"', '"1.9", "2.0"')

    with pytest.raises(ConfigurationError, match=r"target.toml: versions: there is no .*versions/2.0; add it"):
        _ = versioned.project().targets


RULE = {"pattern": "at most version (?P<most>[0-9]+)", "option": "version", "means": "the file says less"}


def test_what_a_runtime_says_gives_the_value_of_the_option() -> None:
    rule = WideningRule(**RULE, value="{most}")

    assert rule.option_for("cannot load: at most version 9 is known") == {"version": 9}
    assert rule.option_for("cannot load") == {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"value": "{least}"}, "no group"), ({"value": "1", "pattern": "at most (version"}, "no regular expression")],
)
def test_a_rule_that_cannot_give_a_value_is_refused(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        WideningRule(**{**RULE, **change})
