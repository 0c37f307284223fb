"""`clean`: unused results go, and whatever a run under way has used stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Project
from deploymatrix.store.cleaning import clean, collect, seconds, size
from deploymatrix.store.live_runs import announced, oldest_start
from deploymatrix.store.store import Store

DAY = 86400.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=tmp_path, build=tmp_path / "build")


@pytest.fixture
def store(project: Project) -> Store:
    return Store(project.build / "store")


def keep(store: Store, key: str, *, bytes_: int = 1000, age_s: float = 0.0) -> None:
    """An artifact of a size, last used some time ago."""
    folder = store.root / f"new-{key}"
    folder.mkdir(parents=True)
    (folder / "model").write_bytes(b"x" * bytes_)
    store.put("artifacts", key, folder, about={})
    used = time.time() - age_s
    os.utime(store.root / "artifacts" / key / "record.json", (used, used))


def kept(store: Store) -> set[str]:
    return {path.parent.name for path in store.root.glob("artifacts/*/record.json")}


def test_what_is_unused_for_longer_goes(project: Project, store: Store) -> None:
    keep(store, "old", age_s=8 * DAY)
    keep(store, "new", age_s=6 * DAY)

    (line,) = collect(project.build, older_than_s=7 * DAY, max_bytes=None)

    assert kept(store) == {"new"}
    assert line.startswith("1 of 2 results removed")


def test_beyond_a_size_the_longest_unused_go_first(project: Project, store: Store) -> None:
    for age, key in enumerate(["newest", "newer", "older", "oldest"]):
        keep(store, key, bytes_=10_000, age_s=age * DAY + 60)

    list(collect(project.build, older_than_s=None, max_bytes=25_000))

    assert kept(store) == {"newest", "newer"}


def test_what_a_run_under_way_has_used_stays(project: Project, store: Store) -> None:
    keep(store, "unused", age_s=DAY)
    keep(store, "used", age_s=DAY)

    with announced(project.build, "run"):
        assert store.get("artifacts", "used") is not None
        list(collect(project.build, older_than_s=0.0, max_bytes=0))

    assert kept(store) == {"used"}


def test_what_was_used_since_the_list_was_made_stays(store: Store) -> None:
    keep(store, "used", age_s=DAY)
    (entry,) = store.entries()
    since = time.time() - 1

    store.get("artifacts", "used")

    assert not store.remove_unused(entry.folder, since)
    assert kept(store) == {"used"}


def test_a_dead_run_holds_nothing(project: Project, store: Store) -> None:
    keep(store, "old", age_s=DAY)
    (project.build / "runs").mkdir()
    left = project.build / "runs" / "dead.lock"
    left.touch()
    os.utime(left, (0, 0))

    list(collect(project.build, older_than_s=60.0, max_bytes=None))

    assert kept(store) == set()
    assert not left.exists()


def test_the_oldest_live_run_counts(project: Project) -> None:
    with announced(project.build, "first"):
        began = (project.build / "runs" / "first.lock").stat().st_mtime
        with announced(project.build, "second"):
            assert oldest_start(project.build) == began

    assert oldest_start(project.build) > began
    assert list((project.build / "runs").iterdir()) == []


def test_clean_refuses_beside_a_run(project: Project) -> None:
    with announced(project.build, "run"):
        lock = project.build / "runs" / "run.lock"
        os.utime(lock, (time.time() - 60, time.time() - 60))

        with pytest.raises(ConfigurationError, match="a run is under way"):
            list(clean(project.build, everything=False))


@pytest.mark.parametrize(("text", "expected"), [("90m", 5400.0), ("12h", 43200.0), ("7d", 7 * DAY), ("1.5h", 5400.0)])
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("500MB", 500_000_000), ("20GB", 20_000_000_000), ("1kB", 1000)])
def test_sizes(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "7 years", "-1d", "1KB"])
def test_other_quantities_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write a duration such as 90m"):
        seconds(text)
    with pytest.raises(ConfigurationError, match="write a size such as 500MB"):
        size(text)
