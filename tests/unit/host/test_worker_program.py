"""What starts a runner's worker, what it is made of, and what its digest depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.host.worker_program import EXPORTING, WORKER, WorkerProgram, worker_digest, worker_of
from tests.fakes.tree import Tree


def worker(tree: Tree, name: str) -> WorkerProgram:
    return worker_of(tree.project().runners[name])


def digest(tree: Tree, name: str) -> str:
    return worker_digest(worker(tree, name))


def test_a_runner_gets_the_files_of_its_language(tree: Tree):
    served = {name: {path.suffix for path in worker(tree, name).files()} for name in ("python", "node")}

    assert served == {"python": {".py"}, "node": {".mjs"}}
    assert worker(tree, "python").folder == EXPORTING.folder == WORKER


def test_the_command_names_the_worker_where_it_lies_and_the_program_where_it_is_found(tree: Tree):
    node = worker(tree, "node")

    assert node.started_from("/deploymatrix/worker", str) == ["node", "/deploymatrix/worker/server.mjs"]
    assert node.started_from(Path("/w"), Path("/env/bin").joinpath) == ["/env/bin/node", "/w/server.mjs"]
    assert node.variables_with(Path("/env/packages")) == {"DEPLOYMATRIX_NODE_MODULES": "/env/packages"}


def test_a_runners_own_worker_is_served_whole(tree: Tree):
    tree.change("docker/python/runner.toml", "installer", 'worker = "own"\ninstaller')
    tree.write("docker/python/own/__main__.py", "X = 1\n")
    tree.write("docker/python/own/table.json", "{}")
    tree.write("docker/python/own/__pycache__/__main__.cpython-311.pyc", "made by a run")

    assert {path.name for path in worker(tree, "python").files()} == {"__main__.py", "table.json"}
    assert worker(tree, "python").language == ".py"


def test_modules_that_a_runner_hands_to_its_targets_count_and_are_named_where_they_lie(tree: Tree):
    tree.change("docker/python/runner.toml", "installer", 'modules = "shared"\ninstaller')
    tree.write("docker/python/shared/talk.py", "X = 1\n")
    before, shared = digest(tree, "python"), tree.root / "docker" / "python" / "shared"

    tree.write("docker/python/shared/talk.py", "X = 2\n")

    assert worker(tree, "python").variables_with(Path("/env")) == {"DEPLOYMATRIX_MODULES": str(shared)}
    assert digest(tree, "python") != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("runner.toml", '"-s"', '"-s", "-O"'),
        ("runner.toml", "[debian]", '[variables]\nMODE = "1"\n\n[debian]'),
        ("own/__main__.py", "1", "2"),
        ("own/table.json", "{}", "[]"),
    ],
)
def test_what_the_worker_is_and_how_it_is_started_counts(tree: Tree, file: str, old: str, new: str):
    tree.change("docker/python/runner.toml", "installer", 'worker = "own"\ninstaller')
    tree.write("docker/python/own/__main__.py", "X = 1\n")
    tree.write("docker/python/own/table.json", "{}")
    before = digest(tree, "python"), digest(tree, "node")

    tree.change(f"docker/python/{file}", old, new)

    assert digest(tree, "python") != before[0]
    assert digest(tree, "node") == before[1]


def test_a_comment_in_runner_toml_changes_nothing(tree: Tree):
    before = digest(tree, "python")

    tree.append("docker/python/runner.toml", "# why\n")

    assert digest(tree, "python") == before
