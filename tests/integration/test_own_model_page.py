"""The page about a model of one's own, followed to the letter with the wheel on all targets; each part of it counts."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.environments.engine import engine
from deploymatrix.environments.interpreters import ensure_python, site_packages
from deploymatrix.errors import INCOMPLETE
from tests.documented import REPOSITORY, blocks
from tests.installed import TARGETS, empty_python, without_the_repository
from tests.reader import Reader

PAGE = REPOSITORY / "docs" / "guides" / "own-model.md"
NO_ENGINE = "unix:///nonexistent/docker.sock"  # what the page runs, runs in processes; containers come last
GATE = "deploymatrix gate -m mine"
CODE = "../../../src/parts/head.py"  # seen from the model, as the others


@dataclass(frozen=True)
class Followed:
    """A reader at the end of the page, and all that the commands printed."""

    reader: Reader
    printed: str


@pytest.fixture(scope="module")
def followed(wheel: Path, tmp_path_factory: pytest.TempPathFactory, real_envs: Path) -> Followed:
    """Their Python is empty until the page's first commands put the wheel into it; then it has torch, as it says."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "repository").mkdir()
    python = empty_python(folder / "venv", with_pip=True)
    (folder / "constraints.txt").write_text(f"deploymatrix @ {wheel.as_uri()}\n")
    variables = {
        **without_the_repository(),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(folder / "constraints.txt"),
        "DOCKER_HOST": NO_ENGINE,
        "NO_COLOR": "1",
        "COLUMNS": "160",
    }
    reader = Reader(folder / "repository", folder / "repository" / "try", real_envs, variables, timeout_s=1200)
    first, *rest = blocks(PAGE)
    printed = reader.follow([first])
    torch = ensure_python("torch", REPOSITORY / "pipelines/environments/torch.lock", real_envs, print)
    (site_packages(python) / "training.pth").write_text(f"{site_packages(torch)}\n")
    return Followed(reader, printed + reader.follow(rest))


def test_it_ends_green_on_all_targets_from_the_wheel(followed: Followed) -> None:
    cells = followed.reader.cells()

    assert {name: cell["outcome"] for name, cell in cells.items()} == {f"mine/{name}": "passed" for name in TARGETS}
    assert "6 of 6 cells passed; isolation: process" in followed.printed
    assert "gate open: 6 passed" in followed.printed


def test_every_target_answers_as_the_readers_package_checkpoint_and_samples_have_it(followed: Followed) -> None:
    """Computed by hand: the package turns the columns of each sample into rows, the checkpoint is a linear map."""
    mine = followed.reader.project / "models" / "mine"
    with zipfile.ZipFile(mine / "model.pt") as checkpoint:
        tensors = {name: checkpoint.read(name) for name in checkpoint.namelist() if "/data/" in name}
    bias, weight = (np.frombuffer(held, "float32") for held in sorted(tensors.values(), key=len))
    samples = np.load(mine / "samples" / "validation.npz")["x"]
    turned = samples.reshape(5, 4, 4).transpose(0, 2, 1).reshape(5, 1, 16)
    expected = turned @ weight.reshape(3, 16).T + bias

    for cell in followed.reader.cells().values():
        np.testing.assert_allclose(answers(followed.reader, cell), expected, atol=1e-5, err_msg=cell["target"])
        assert cell["own_samples"] == "5 of samples/"
    assert followed.printed.count("5 of samples/") == len(TARGETS)  # explain says so, too


def test_the_code_that_was_read_is_named_as_seen_from_the_project(followed: Followed) -> None:
    assert [[*cell["reads"]] for cell in followed.reader.cells().values()] == [["../src/parts/head.py"]] * len(TARGETS)


@pytest.mark.parametrize("part", [CODE, "model.pt", "samples/validation.npz", "requirements.lock"])
def test_every_part_closes_the_gate_for_all_targets_when_it_is_edited(followed: Followed, part: str) -> None:
    path = followed.reader.project / "models" / "mine" / part
    kept = path.read_bytes()
    path.write_bytes(kept + b"\nx = 1\n")

    gate = followed.reader.shell(GATE)
    path.write_bytes(kept)

    assert gate.returncode == INCOMPLETE
    assert stale(gate.stdout) == TARGETS


def test_a_module_that_may_take_the_place_of_another_closes_the_gate(followed: Followed) -> None:
    source = followed.reader.folder / "src"
    shutil.copytree(source / "parts", source / "more")  # may stand for what an import means

    gate = followed.reader.shell(GATE)
    shutil.rmtree(source / "more")

    assert gate.returncode == INCOMPLETE
    assert stale(gate.stdout) == TARGETS


@pytest.mark.docker
def test_it_passes_in_containers_too(followed: Followed) -> None:
    if engine() is None:
        pytest.skip("no Docker engine answers")
    ran = followed.reader.shell("unset DOCKER_HOST\ndeploymatrix run -m mine")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 of 6 cells passed; isolation: docker" in ran.stdout
    assert followed.reader.shell(GATE).returncode == 0


def answers(reader: Reader, cell: dict[str, Any]) -> np.ndarray:
    """What the cell's target answered to each sample: shape (samples, 1, 3)."""
    files = reader.project / "build" / "store" / "runs" / cell["entries"]["runs"] / "files"
    return np.stack([np.load(files / str(index) / "y.npy") for index in range(cell["samples"])])


def stale(printed: str) -> set[str]:
    return set(re.findall(r"(?m)^stale: mine/(\w+)/fp32: ", printed))
