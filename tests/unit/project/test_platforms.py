"""Targets on another platform: targets of their own, run by a runner of that platform, with a lock of their own."""

from __future__ import annotations

import shutil

import pytest

from deploymatrix.errors import ConfigurationError, NothingSelected
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.recipes import image_recipe
from deploymatrix.matrix.expectations import is_about, read_expectations
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.selecting import on_platform
from tests.fakes.tree import Tree

ENTRY = """
[[expectations]]
cell = "*"
outcome = "load_failed"
reason = "it knows no such file"
link = "docs/nowhere.md"
"""


@pytest.fixture
def on_arm(tree: Tree) -> Tree:
    """The target npz, which the runner arm64 runs, too."""
    folder = tree.root / "targets/npz"
    tree.change("targets/npz/target.toml", 'variants = ["fp32"]', 'variants = ["fp32"]\nplatforms = ["arm64"]')
    (folder / "platforms/arm64").mkdir(parents=True)
    shutil.copy(folder / "requirements.lock", folder / "platforms/arm64")
    return tree


def test_a_platform_is_a_target_beyond_the_default_that_runs_the_same_artifact(on_arm: Tree) -> None:
    project = on_arm.project()
    own, further = project.targets["npz"], project.targets["npz-arm64"]
    cells = plan_cells(project, Selection(targets=("npz", "npz-arm64"), models=("linear",)))

    assert (further.platform, further.version_of, own.platform) == ("arm64", "", "")
    assert {"arm", "reach"} < {*further.spec.tags} and "reach" not in own.spec.tags
    assert project.runner_of(further).spec.platform == "linux/arm64"
    assert project.run_module(further) == project.run_module(own)
    assert project.runtime_lock(further) == own.folder / "platforms/arm64/requirements.lock"
    assert [cell.name for cell in cells] == ["linear/npz-arm64/fp32", "linear/npz/fp32"]
    assert cells[0].route == cells[1].route


def test_its_expectations_stand_beside_its_lock_and_one_is_made_for_where_it_cannot_run(on_arm: Tree) -> None:
    on_arm.write("targets/npz/platforms/arm64/platform.toml", ENTRY)
    own, elsewhere = read_expectations(on_arm.project())

    assert [is_about(own, f"linear/{name}/fp32") for name in ("npz-arm64", "npz")] == [True, False]
    assert (elsewhere.cell, elsewhere.outcome) == ("*/npz-arm64/*", "exported")
    assert elsewhere.reason == "exported, not run: npz-arm64 runs on linux/arm64 only"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, "platforms: there is no .*platforms/arm64; add it"),
        ({"arm64": "python"}, "platforms: 'python' does not exist"),
    ],
)
def test_a_platform_without_a_folder_or_a_runner_for_it_is_refused(
    on_arm: Tree, change: dict[str, str], complaint: str
) -> None:
    shutil.rmtree(on_arm.root / "targets/npz/platforms")
    for old, new in change.items():
        on_arm.change("targets/npz/target.toml", f'"{old}"', f'"{new}"')

    with pytest.raises(ConfigurationError, match=complaint):
        _ = on_arm.project().targets


def test_a_runner_of_another_platform_makes_its_own_base(on_arm: Tree) -> None:
    project = on_arm.project()
    base = image_recipe(project, project.targets["npz-arm64"]).base

    assert (base.platform, base.folder) == ("linux/arm64", on_arm.root / "docker/arm64")
    (on_arm.root / "docker/arm64/make-base.sh").unlink()
    with pytest.raises(ConfigurationError, match=r"platform: there is no .*make-base.sh; add it"):
        _ = on_arm.project().targets


@pytest.mark.parametrize(
    ("machine", "foreign"), [("x86_64", True), ("amd64", True), ("aarch64", False), ("arm64", False)]
)
def test_it_is_emulated_wherever_the_engines_machine_is_another(on_arm: Tree, machine: str, foreign: bool) -> None:
    project = on_arm.project()
    facts = HostFacts(project, "docker", machine)

    assert facts.is_foreign(project.targets["npz-arm64"]) == foreign
    assert not facts.is_foreign(project.targets["npz"])


def test_what_may_be_emulated_is_given_more_time_and_silence(on_arm: Tree) -> None:
    project = on_arm.project()
    asked = [project.runner_of(project.targets[name]).patience for name in ("npz", "npz-arm64")]

    assert asked[0] == 1 < asked[1]


def test_a_platform_selects_its_targets_and_of_named_ones_theirs(on_arm: Tree) -> None:
    project = on_arm.project()

    assert [on_platform(project, "linux/arm64", named) for named in ((), ("npz",), ("npz-arm64",))] == [
        ["npz-arm64"]
    ] * 3
    for platform, named in (("linux/arm64", ["plain"]), ("linux/arm", [])):
        with pytest.raises(NothingSelected, match=f"--platform {platform}: .*; platforms: linux/arm64"):
            on_platform(project, platform, named)
