"""What tests share: copies of the tiny project, and calls of the command on them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploymatrix.cli import main
from tests.fakes.tree import Called, Tree, copy_fakes, environment

# How fast examples are drawn and tried is the machine's matter, which may be busy; bench/ measures the project's.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A fresh copy of the tiny project: model `linear`; targets npz, plain and wrapped."""
    return copy_fakes(tmp_path / "project")


@pytest.fixture
def call(
    tree: Tree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Called]]:
    """Calls the command on the test's project, in this process: for what starts no worker."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", tree.command(*arguments)[2:])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Called(code if isinstance(code, int) else 0, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of environments for all runs of the session: they are made once."""
    return tmp_path_factory.mktemp("envs")


@pytest.fixture(scope="session")
def make_runnable(environments: Path) -> Callable[[Path], Tree]:
    """Copies the tiny project to a folder, where its runs share the session's environments."""

    def make(root: Path) -> Tree:
        tree = copy_fakes(root)
        tree.build.mkdir()
        (tree.build / "envs").symlink_to(environments)
        return tree

    return make


@pytest.fixture
def runnable(make_runnable: Callable[[Path], Tree], tmp_path: Path) -> Tree:
    """A fresh copy of the tiny project that can be run."""
    return make_runnable(tmp_path / "project")


@pytest.fixture
def child_environment() -> dict[str, str]:
    """For a test that starts the command itself."""
    return environment()
