"""What the corpus needs: where it runs, where its results go, and what becomes of everything that it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.engine import engine
from tests.fakes.tree import REPOSITORY
from tests.hostile import table
from tests.hostile.declared import Hostile
from tests.hostile.judging import Judged, judge, run, written
from tests.hostile.projects import Ground

RESULTS = REPOSITORY / "build" / "hostile"
LIMIT_S = 300  # a run of the corpus takes less than a minute


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--isolation", choices=("docker", "process"), default="docker", help="Where the hostile corpus runs."
    )


@pytest.fixture(scope="session")
def isolation(request: pytest.FixtureRequest) -> str:
    """Where the corpus runs. Skips where it should be containers and no engine answers."""
    name: str = request.config.getoption("--isolation")
    if name == "docker" and engine() is None:
        pytest.skip("no Docker engine answers: --isolation process runs the corpus in processes")
    return name


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what came of the corpus, as far as it ran now or before."""
    if not RESULTS.is_dir():
        return
    terminalreporter.section("the hostile corpus")
    for line in (table.HEAD, *table.rows(), "", *map(table.totals, ("docker", "process"))):
        terminalreporter.write_line(line)


Trial = Callable[[str, Ground, dict[str, Hostile]], Judged]


@pytest.fixture
def trial(isolation: str) -> Trial:
    """Run a project of the corpus, judge it, and keep what it came to in build/hostile/<isolation>/."""

    def run_and_judge(name: str, ground: Ground, things: dict[str, Hostile]) -> Judged:
        judged = judge(ground, run(ground, isolation, LIMIT_S), things, name)
        written(judged, RESULTS / isolation)
        return judged

    return run_and_judge


@pytest.fixture
def triable(isolation: str) -> Callable[[dict[str, Hostile]], dict[str, Hostile]]:
    """Those that may be tried: in processes of this machine, not what would harm it."""

    def chosen(things: dict[str, Hostile]) -> dict[str, Hostile]:
        return {name: thing for name, thing in things.items() if isolation == "docker" or thing.processes}

    return chosen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ground"
