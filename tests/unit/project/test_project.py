"""Folders are the registration; a folder that is not right is an error, never an absence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.names import pick
from tests.fakes.tree import Tree


def test_folders_are_found(tree: Tree) -> None:
    project = tree.project()

    assert list(project.models) == ["linear"]
    assert list(project.targets) == ["npz", "plain", "wrapped"]
    assert list(project.pipelines) == ["npz", "wrapped"]
    assert list(project.frameworks) == ["numpy"]


def test_hidden_folders_and_files_are_not_models(tree: Tree) -> None:
    tree.write("models/README.md", "what lies here")
    tree.write("models/.cache/x", "")
    tree.write("models/__pycache__/x", "")

    assert list(tree.project().models) == ["linear"]


@pytest.mark.parametrize(
    ("file", "right", "wrong", "part", "key", "remedy"),
    [
        ("models/linear/model.toml", '"numpy"', '"nunpy"', "models", "framework", "did you mean 'numpy'?"),
        ("targets/npz/target.toml", '"npz"', '"nzp"', "targets", "format", "did you mean 'npz'?"),
        ("targets/npz/target.toml", '"python"', '"pyhton"', "targets", "runner", "did you mean 'python'?"),
        ("pipelines/wrapped/pipeline.toml", '"npz"', '"nqz"', "pipelines", "steps.from", "did you mean 'npz'?"),
        (
            "pipelines/wrapped/pipeline.toml",
            '"numpy"',
            '"numpi"',
            "pipelines",
            "steps.environment",
            "did you mean 'numpy'?",
        ),
    ],
)
def test_a_name_that_does_not_exist_is_refused(
    tree: Tree, file: str, right: str, wrong: str, part: str, key: str, remedy: str
) -> None:
    tree.change(file, right, wrong)

    with pytest.raises(ConfigurationError) as caught:
        getattr(tree.project(), part)

    assert f"{file}: {key}: " in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "key", "remedy"),
    [
        ('[routes.nqz]\nfrom = "numpy"', "routes", "did you mean 'npz'?"),
        ('[routes.npz]\nfrom = "nunpy"', "routes.npz.from", "did you mean 'numpy'?"),
    ],
)
def test_a_route_that_does_not_exist_is_refused(tree: Tree, lines: str, key: str, remedy: str) -> None:
    tree.append("models/linear/model.toml", f"\n{lines}\n")

    with pytest.raises(ConfigurationError) as caught:
        _ = tree.project().models

    assert f"model.toml: {key}: " in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("file", "part", "message"),
    [
        ("models/linear/model.toml", "models", "the file is missing"),
        ("models/linear/model.py", "models", "must define build()"),
        ("targets/npz/run.py", "targets", "a target of runner 'python' needs it"),
        ("targets/npz/requirements.lock", "targets", "a target of runner 'python' needs it"),
        ("pipelines/wrapped/from_npz.py", "pipelines", "needs from_npz.py beside it"),
    ],
)
def test_a_missing_file_is_an_error_and_not_an_absence(tree: Tree, file: str, part: str, message: str) -> None:
    (tree.root / file).unlink()

    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(").replace(")", r"\)")):
        getattr(tree.project(), part)


def test_frameworks_belong_to_a_source_that_is_one(tree: Tree) -> None:
    tree.append("pipelines/wrapped/pipeline.toml", 'frameworks = ["numpy"]\n')

    with pytest.raises(ConfigurationError, match="is a format; remove the key"):
        _ = tree.project().pipelines


def test_a_framework_that_nothing_opens_is_refused(tree: Tree) -> None:
    tree.write("pipelines/frameworks/other/framework.toml", 'environment = "numpy"\n')
    tree.append("pipelines/npz/pipeline.toml", 'frameworks = ["numpy", "other"]\n')

    with pytest.raises(ConfigurationError, match=r"'other' needs .*numpy/from_other\.py"):
        _ = tree.project().pipelines


def test_a_model_folder_elsewhere_is_taken(tree: Tree, tmp_path: Path) -> None:
    folder = tree.add_model("mine", folder=tmp_path)

    assert list(tree.project(folder).models) == ["linear", "mine"]


def test_a_folder_of_model_folders_elsewhere_is_taken(tree: Tree, tmp_path: Path) -> None:
    tree.add_model("one", folder=tmp_path / "zoo")
    tree.add_model("two", folder=tmp_path / "zoo")

    assert list(tree.project(tmp_path / "zoo").models) == ["linear", "one", "two"]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: None, "there is no such"),
        (lambda folder: folder.mkdir(), "holds no model"),
    ],
)
def test_a_model_folder_without_a_model_is_refused(
    tree: Tree, tmp_path: Path, prepare: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "zoo"
    prepare(folder)

    with pytest.raises(ConfigurationError, match=message):
        _ = tree.project(folder).models


def test_one_name_for_two_models_is_refused(tree: Tree, tmp_path: Path) -> None:
    folder = tree.add_model("linear", folder=tmp_path / "zoo")

    with pytest.raises(ConfigurationError, match="rename one"):
        _ = tree.project(folder).models


def test_a_timeout_for_all_replaces_the_models_own(tree: Tree) -> None:
    tree.append("models/linear/model.toml", "\n[timeouts]\nexport = 10\n")

    timeouts = tree.project(timeout_s=2.5).models["linear"].spec.timeouts

    assert (timeouts.export, timeouts.run) == (2.5, 2.5)


def test_pick_keeps_the_projects_order_and_names_the_nearest(tree: Tree) -> None:
    targets = tree.project().targets

    assert list(pick("target", ["wrapped", "npz"], targets)) == ["npz", "wrapped"]
    assert list(pick("target", [], targets)) == ["npz", "plain", "wrapped"]
    with pytest.raises(ConfigurationError, match="unknown target 'warpped'; did you mean 'wrapped'"):
        pick("target", ["warpped"], targets)
