"""`run --explain-plan`: what would be taken from the store, and what changed where not. Nothing is executed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.tree import Tree


def explained(tree: Tree) -> dict[str, str]:
    """By task: "cached", or why not."""
    done = tree.run("run", "--isolation", "process", "--explain-plan", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    return {row["task"]: "cached" if row["cached"] else row["reason"] for row in rows}


@pytest.fixture(scope="module")
def green(make_runnable: Callable[[Path], Tree], tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = make_runnable(tmp_path_factory.mktemp("green") / "project")
    assert tree.run("run", "--isolation", "process").returncode == 0
    return tree


def test_before_the_first_run_nothing_was_done(runnable: Tree) -> None:
    plan = explained(runnable)

    assert plan["reference linear"] == "never done"
    assert plan["export linear numpy>npz fp32"] == "waits for: reference linear"
    assert not (runnable.build / "matrix.json").exists()


def test_after_a_run_everything_is_cached(green: Tree) -> None:
    assert set(explained(green).values()) == {"cached"}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "targets/plain/run.py",
            "import numpy as np",
            "import numpy as np\n\nEXTRA = 1",
            {
                "run linear numpy>npz fp32 on plain": "changed: runner",
                "compare linear numpy>npz fp32 on plain": "waits for: run linear numpy>npz fp32 on plain",
            },
        ),
        (
            "targets/plain/target.toml",
            "multiple = 12",
            "multiple = 13",
            {"compare linear numpy>npz fp32 on plain": "changed: limits"},
        ),
        ("targets/plain/run.py", "import numpy as np", "# a comment\nimport numpy as np", {}),
    ],
    ids=["runner", "tolerance", "comment"],
)
def test_a_change_is_named_where_it_matters_and_nowhere_else(
    green: Tree, file: str, old: str, new: str, expected: dict[str, str]
) -> None:
    path = green.root / file
    before = path.read_text()
    green.change(file, old, new)

    plan = explained(green)

    path.write_text(before)
    assert {task: reason for task, reason in plan.items() if reason != "cached"} == expected


def test_a_failure_that_is_kept_is_cached(runnable: Tree) -> None:
    runnable.add_model("raising", '[routes.npz]\noptions = { fault = "raise" }')
    assert runnable.run("run", "--isolation", "process").returncode == 1

    assert set(explained(runnable).values()) == {"cached"}
