"""Runners declare themselves: one folder each, read from the nearest tree; a wrong one is named, with a remedy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Project
from deploymatrix.project.runners import Tmp
from tests.fakes.tree import Tree

MINE = """
entry = "run.py"
installer = "pip"
base = "python:3.11-slim-bookworm"
command = ["python3", "-s", "{worker}"]
"""


@pytest.fixture
def mine(tree: Tree) -> Tree:
    """The tiny project with a runner of its own."""
    tree.write("docker/mine/runner.toml", MINE)
    tree.write("docker/mine/Dockerfile", "ARG BASE\nFROM ${BASE}\n")
    return tree


def test_a_runner_is_a_folder_and_says_all_of_itself(mine: Tree):
    runner = mine.project().runners["mine"]

    assert (runner.folder, runner.dockerfile) == (mine.root / "docker/mine", mine.root / "docker/mine/Dockerfile")
    assert (runner.language, runner.lock_name) == (".py", "requirements.lock")
    assert (runner.worker_folder, runner.interpreter_lock, runner.spec.tmp) == (None, None, Tmp(size_mb=64, exec=False))


def test_a_targets_files_are_those_that_its_runner_declares(mine: Tree):
    mine.change("docker/mine/runner.toml", 'entry = "run.py"', 'entry = "main.js"')
    mine.change("docker/mine/runner.toml", '"pip"', '"npm"\ninterpreter = "../node/requirements.lock"')
    mine.change("targets/plain/target.toml", 'runner = "python"', 'runner = "mine"')
    for name in ("main.js", "package-lock.json"):
        mine.write(f"targets/plain/{name}", "{}")

    project = mine.project()
    target = project.targets["plain"]

    assert project.run_module(target) == target.folder / "main.js"
    assert project.runtime_lock(target) == target.folder / "package-lock.json"
    assert project.runner_of(target).interpreter_lock == mine.root / "docker/mine/../node/requirements.lock"


def test_a_target_without_its_runners_entry_is_refused(mine: Tree):
    mine.change("docker/mine/runner.toml", "run.py", "go.py")
    mine.change("targets/plain/target.toml", 'runner = "python"', 'runner = "mine"')

    with pytest.raises(ConfigurationError, match=r"plain/go\.py: missing; a target of runner 'mine' needs it"):
        _ = mine.project().targets


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ('"pip"', '"cargo"', "installer", "'pip' or 'npm'"),
        ('"pip"', '"npm"', "", "needs interpreter"),
        ('"pip"', '"pip"\ninterpreter = "x.lock"', "", "remove it"),
        ('"pip"', '"npm"\ninterpreter = "x.lock"', "interpreter", "make it: nox -s lock"),
        ("{worker}", "/worker", "command", '"{worker}"'),
        ("{worker}", '{worker}"]\nworker = "[own', "", "not valid TOML"),
        ('"run.py"', '"bin/run.py"', "entry", "match pattern"),
        ("entry", 'worker = "own"\nentry', "worker", "the worker that ships"),
        ("base =", "bases =", "bases", "did you mean 'base'?"),
        ("base =", "[tmp]\nsize = 1\n[x]\nbase =", "tmp.size", "did you mean 'size_mb'?"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_remedy(mine: Tree, old: str, new: str, key: str, remedy: str):
    mine.change("docker/mine/runner.toml", old, new)

    with pytest.raises(ConfigurationError) as raised:
        _ = mine.project().runners

    assert re.search(rf"mine/runner\.toml: {key}", str(raised.value))
    assert remedy in str(raised.value)


def test_a_runner_without_a_dockerfile_is_refused(mine: Tree):
    (mine.root / "docker/mine/Dockerfile").unlink()

    with pytest.raises(ConfigurationError, match="mine/Dockerfile: missing"):
        _ = mine.project().runners


def test_a_folder_for_something_else_is_left_alone_until_a_target_names_it(tree: Tree):
    tree.write("docker/service/Dockerfile", "FROM scratch\n")
    assert "service" not in tree.project().runners
    tree.change("targets/plain/target.toml", 'runner = "python"', 'runner = "service"')

    with pytest.raises(ConfigurationError, match=r"service/runner\.toml: the file is missing"):
        _ = tree.project().targets


@pytest.fixture
def above_shipped(tmp_path: Path, tree: Tree) -> Project:
    """A user's folder above a shipped tree, with a runner of its own and one of a shipped name."""
    root = tmp_path / "user"
    for name in ("mine", "python"):
        shutil.copytree(tree.root / "docker" / "python", root / "docker" / name)
    return Project(root=root, build=root / "build", shipped=tree.root)


def test_a_users_runner_is_added_and_one_of_a_shipped_name_takes_its_place(above_shipped: Project):
    root, shipped = above_shipped.trees
    folders = {name: runner.folder for name, runner in above_shipped.runners.items()}

    own = {name: root / "docker" / name for name in ("mine", "python")}
    assert folders == {path.parent.name: path.parent for path in shipped.glob("docker/*/runner.toml")} | own
    assert "node" in folders
    assert above_shipped.base_recipe == shipped / "docker/base"


def test_a_users_folder_that_hides_a_runner_must_be_one(above_shipped: Project):
    (above_shipped.root / "docker/python/runner.toml").unlink()

    with pytest.raises(ConfigurationError, match=r"user/docker/python/runner\.toml: the file is missing"):
        _ = above_shipped.runners
