"""The wheel in an empty environment and an empty folder: what users have who never saw the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.environments.engine import engine
from tests.installed import ALL_TARGETS, REPOSITORY, TARGETS, Installed, empty_python, install

SHIPPED = ("targets", "pipelines", "models", "docker", "docs/findings")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, empty_python(tmp_path_factory.mktemp("installed") / "venv"))


def test_the_wheel_holds_all_that_is_shipped_and_no_tests(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    here = {
        f"deploymatrix/_shipped/{path.relative_to(REPOSITORY).as_posix()}"
        for part in SHIPPED
        for path in (REPOSITORY / part).rglob("*")
        if path.is_file() and not {"__pycache__", "node_modules"} & set(path.parts)
    }
    assert here and here <= names
    assert {name for name in names if name.startswith("deploymatrix/_shipped/")} == here
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_an_empty_folder_is_no_project_and_stays_empty(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, "list", "targets")
    assert done.returncode == 2
    assert f"deploymatrix init {tmp_path}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_project_with_nothing_of_its_own_has_the_shipped_targets_and_models(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "deploymatrix.toml").touch()
    targets = json.loads(installed.run(tmp_path, "list", "targets", "--json").stdout)
    models = json.loads(installed.run(tmp_path, "list", "models", "--json").stdout)
    assert {*ALL_TARGETS} <= {row["target"] for row in targets}
    assert {row["target"] for row in targets if row["default"]} == TARGETS
    assert {row["model"] for row in models} == {path.parent.name for path in REPOSITORY.glob("models/*/model.toml")}
    assert [path.name for path in tmp_path.iterdir()] == ["deploymatrix.toml"]


@pytest.fixture(scope="module")
def mine(installed: Installed, tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Path:
    """A project that `init` wrote, run on all targets in process isolation."""
    folder = tmp_path_factory.mktemp("empty")
    package = files(installed.python.parents[1])
    assert installed.run(folder, "init", "mine").returncode == 0
    project = folder / "mine"
    written = files(project)
    (project / "build").mkdir()
    (project / "build" / "envs").symlink_to(real_envs)
    ran = installed.run(project, "run", "--isolation", "process")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert files(project) == written
    assert files(installed.python.parents[1]) == package
    return project


def test_a_new_project_passes_on_all_targets_and_the_gate_is_green(installed: Installed, mine: Path) -> None:
    assert passed_targets(mine, "process") == TARGETS
    assert installed.run(mine, "gate").returncode == 0


def test_its_artifacts_agree_with_each_other(
    installed: Installed, mine: Path, artifact_of: Callable[[Path, str], Path]
) -> None:
    """Each format tells its inputs and outputs itself; the model has one of each, so no mapping is needed."""
    first = artifact_of(mine / "build", "digits/onnx/fp32")
    for target in TARGETS - {"onnx"}:
        second = artifact_of(mine / "build", f"digits/{target}/fp32")
        done = installed.run(mine, "compare", first, second, "--isolation", "process", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert (found["targets"], found["samples"]) == (["onnx", target], 4)


@pytest.mark.docker
def test_it_passes_in_containers_too(installed: Installed, mine: Path) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    ran = installed.run(mine, "run", "--isolation", "docker")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert passed_targets(mine, "docker") == TARGETS
    assert installed.run(mine, "gate").returncode == 0


@pytest.fixture(scope="module")
def broken(installed: Installed, mine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project with a baseline, then with a step of its own that scales one weight by 1.01."""
    project = tmp_path_factory.mktemp("broken") / "mine"
    shutil.copytree(mine, project, symlinks=True)
    assert installed.run(project, "run", "--isolation", "process").returncode == 0
    assert installed.run(project, "baseline", "update").returncode == 0
    shutil.copytree(REPOSITORY / "pipelines" / "torchscript", project / "pipelines" / "torchscript")
    step = project / "pipelines" / "torchscript" / "from_torch.py"
    spoil = "    with torch.no_grad():\n        next(source.parameters()).mul_(1.01)\n"
    signature, body = step.read_text().split(") -> dict[str, Any]:\n", 1)
    step.write_text(f"{signature}) -> dict[str, Any]:\n{spoil}{body}")
    assert installed.run(project, "run", "--isolation", "process").returncode == 1
    return project


def test_a_broken_weight_closes_the_gate_and_the_diff_names_the_cell_and_the_step(
    installed: Installed, broken: Path
) -> None:
    gate = installed.run(broken, "gate", "--baseline", "baseline.json")
    diff = json.loads(installed.run(broken, "diff", "baseline.json", "build", "--json").stdout)

    changed = [cell for cell in diff["cells"] if cell["change"] == "regressed"]
    assert gate.returncode == 1, gate.stdout + gate.stderr
    assert [(cell["cell"], cell["after"]["blame"]) for cell in changed] == [
        ("digits/torchscript/fp32", "torchscript/from_torch")
    ]


def test_a_bundle_reproduces_it_without_deploymatrix(installed: Installed, broken: Path, tmp_path: Path) -> None:
    made = installed.run(broken, "repro", "digits/torchscript/fp32", "--bundle", tmp_path / "out.zip")
    assert made.returncode == 0, made.stderr
    zipfile.ZipFile(tmp_path / "out.zip").extractall(tmp_path / "bundle")
    (runtime,) = (broken / "build" / "envs").glob("target-torchscript-*/bin/python")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    done = subprocess.run(
        [runtime, "reproduce.py"], cwd=tmp_path / "bundle", env=bare, capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "mismatch" in done.stdout


def test_init_refuses_to_overwrite(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "deploymatrix.toml").touch()
    done = installed.run(tmp_path, "init", ".")
    assert done.returncode == 2
    assert "deploymatrix.toml is there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["deploymatrix.toml"]


def passed_targets(project: Path, isolation: str) -> set[str]:
    matrix = json.loads((project / "build" / "matrix.json").read_text())
    assert matrix["isolation"] == isolation
    return {cell["target"] for cell in matrix["cells"] if cell["outcome"] == "passed"}


def files(folder: Path) -> set[str]:
    """All files but those under build/ and Python's own caches."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] != "build" and "__pycache__" not in path.parts}
