"""What tests share: copies of the tiny project in tests/fakes/project, whose files a test may change."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploymatrix.cli import main
from deploymatrix.project import Project

REPOSITORY = Path(__file__).resolve().parent.parent
FAKES = REPOSITORY / "tests" / "fakes" / "project"


@dataclass(frozen=True)
class Tree:
    """A project's folder that belongs to one test."""

    root: Path

    @property
    def build(self) -> Path:
        return self.root / "build"

    def project(self, *model_folders: Path, timeout_s: float | None = None) -> Project:
        """The project as it is on disk now."""
        return Project(root=self.root, build=self.build, model_folders=model_folders, timeout_s=timeout_s)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project, with the folders on the way."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def append(self, path: str, text: str) -> Path:
        return self.write(path, (self.root / path).read_text(encoding="utf-8") + text)

    def change(self, path: str, old: str, new: str) -> Path:
        """Replace one passage of a file; it must be there exactly once."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        return self.write(path, text.replace(old, new))

    def add_model(self, name: str, toml: str = "", folder: Path | None = None) -> Path:
        """A copy of the model `linear` under another name, with lines added to its model.toml."""
        copy = (folder or self.root / "models") / name
        shutil.copytree(self.root / "models" / "linear", copy)
        text = (copy / "model.toml").read_text(encoding="utf-8")
        (copy / "model.toml").write_text(f"{text}\n{toml}\n", encoding="utf-8")
        return copy

    def run(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """The command on this project, in a process of its own."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=environment(),
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "deploymatrix", "--root", str(self.root), *arguments]


@dataclass(frozen=True)
class Called:
    """What a command did."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's environment, in which the engine is importable and prints lines of a known width."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200"}


def copy_fakes(root: Path) -> Tree:
    """The tiny project and the repository's runner images, as a folder of its own."""
    ignored = shutil.ignore_patterns("__pycache__", "build")
    shutil.copytree(FAKES, root, ignore=ignored)
    shutil.copytree(REPOSITORY / "docker", root / "docker", ignore=ignored)
    return Tree(root)


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
