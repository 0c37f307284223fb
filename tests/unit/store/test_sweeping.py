"""A run sweeps what killed runs have left, and nothing that belongs to a run under way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from deploymatrix.store.live_runs import announced
from deploymatrix.store.store import Store

LEFT = [
    "work/dead/runner-npz/0",
    "store/artifacts/.new-abc/files",
    "store/artifacts/.old-abc",
    "store/samples/.draw-abc",
    "store/samples/.foreign-abc",
    "store/artifacts/.mutant-abc",
]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder with one result, and all that killed runs may leave."""
    build = tmp_path / "build"
    Store(build / "store").put("cells", "0" * 64, None, about={})
    for name in LEFT:
        (build / name).mkdir(parents=True)
    for name in ("runs/dead.lock", ".matrix.json-abc", ".costs.json.lock", "store/claims/key.lock"):
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).touch()
    for path in build.rglob("*"):
        os.utime(path, (time.time() - 60, time.time() - 60))
    return build


def names(build: Path) -> set[str]:
    return {path.relative_to(build).as_posix() for path in build.rglob("*") if not path.is_dir()}


def folders(build: Path) -> set[str]:
    return {name for name in LEFT if (build / name).exists()}


def test_a_run_sweeps_what_dead_runs_have_left(build: Path) -> None:
    with announced(build, "run"):
        assert folders(build) == set()
        result = f"store/cells/{'0' * 64}"
        assert names(build) == {"runs/run.lock", "store/.lock", f"{result}/record.json", f"{result}/stamps.json"}

    assert not (build / "runs/run.lock").exists()


def test_what_a_run_under_way_makes_stays(build: Path) -> None:
    with announced(build, "first"):
        for name in LEFT:
            (build / name.replace("dead", "first")).mkdir(parents=True)

        with announced(build, "second"):
            assert folders(build) == {name for name in LEFT if "dead" not in name}
            assert (build / "work/first/runner-npz/0").exists()
