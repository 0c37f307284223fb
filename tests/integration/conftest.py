"""What integration tests share: real environments, made once in the repository's own build folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.environments.engine import engine
from deploymatrix.environments.images import Image, ensure_image
from deploymatrix.host.reaping import reap
from deploymatrix.host.recipes import image_recipe
from deploymatrix.store.store import Store
from tests.installed import build_wheel
from tests.runtimes import SHIPPED

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]

# The files that take longest, first: where files share the cores, none of them is left alone at the end.
LONGEST = ("matrix", "user_code", "own_models", "selftest", "wheel", "faults", "documented_commands", "rerun")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they take."""
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="session")
def real_envs() -> Path:
    """Where the exporters' and targets' environments are; those that are missing are made there."""
    envs = REPOSITORY / "build" / "envs"
    envs.mkdir(parents=True, exist_ok=True)
    return envs


@pytest.fixture
def real_build(tmp_path: Path, real_envs: Path) -> Path:
    """A build folder of one test, with the real environments."""
    return build_with(tmp_path / "build", real_envs)


@pytest.fixture
def deploymatrix(tmp_path: Path, real_build: Path) -> Command:
    """The command in an empty folder, generating in `real_build`."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploymatrix", "--build-dir", real_build, *arguments]
        return run(command, tmp_path)

    return call


def build_with(build: Path, envs: Path) -> Path:
    build.mkdir()
    (build / "envs").symlink_to(envs)
    return build


def run(command: list[str | Path], folder: Path, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "160"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s)


@pytest.fixture
def artifact_of() -> Callable[[Path, str], Path]:
    """The stored artifact of a cell of the last run in a build folder: its file or folder."""
    return stored_artifact


def stored_artifact(build: Path, cell: str) -> Path:
    cells = json.loads((build / "matrix.json").read_text())["cells"]
    wanted = next(c for c in cells if f"{c['model']}/{c['target']}/{c['variant']}" == cell)["artifact"]["sha256"]
    store = Store(build / "store")
    for path in (build / "store" / "artifacts").glob("*/record.json"):
        entry = store.get("artifacts", path.parent.name)
        if entry is not None and entry.sha256 == wanted:
            return Path(entry.files / entry.about["entry"])
    raise AssertionError(f"{cell}: no artifact {wanted} in {build}")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel of the repository as it is now."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def containers_of() -> str:
    """The run that the tests' containers belong to."""
    return f"tests-{os.getpid()}"


@pytest.fixture(scope="session")
def client(containers_of: str) -> Iterator[Any]:
    """The Docker engine's client."""
    found = engine()
    if found is None:
        pytest.skip("no Docker engine answers: there is no container to look into")
    yield found
    reap(found, containers_of)


@pytest.fixture(scope="session")
def image_of(client: Any) -> Callable[[str], Image]:
    """The images that runs use: built into the project's own build folder, once."""

    def ensure(target: str) -> Image:
        return ensure_image(client, image_recipe(SHIPPED, SHIPPED.targets[target]), SHIPPED.build, print)

    return ensure
