"""What nobody has touched is not read again; whatever else has happened to a file is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploymatrix.errors import StoreCorrupted
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry
from deploymatrix.store.stamps import STAMPS, TICK_NS, read_stamps, settled
from deploymatrix.store.store import Store

KEY = "0" * 64


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, as they are."""
    names: list[str] = []
    read = digests.of_file

    def of_file(path: str | Path) -> str:
        names.append(Path(path).name)
        return read(path)

    monkeypatch.setattr(digests, "of_file", of_file)
    return names


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    """An entry of two files, read and left alone for long enough."""
    files = tmp_path / "made"
    files.mkdir()
    for name in ("model", "weights"):
        (files / name).write_text(name)
    entry = Store(tmp_path / "store").put("artifacts", KEY, files, about={})
    settle(entry)
    Store(tmp_path / "store").verify_quickly(entry)
    return entry


def settle(entry: Entry) -> None:
    """Wait until the clock has gone on: a file as young as its stamp could still change within the same tick."""
    youngest = max(path.stat().st_ctime_ns for path in entry.files.rglob("*"))
    probe = entry.folder.parent / "clock"
    while not probe.exists() or probe.stat().st_ctime_ns <= youngest + TICK_NS:
        probe.write_text("")
    probe.unlink()


def again(entry: Entry) -> Store:
    """The store as another process opens it."""
    return Store(entry.folder.parents[1])


def flip(path: Path) -> None:
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes().upper())
    shutil.copystat(path, other)
    other.rename(path)


def link(path: Path) -> None:
    moved = path.parents[2] / "elsewhere"
    path.rename(moved)
    path.symlink_to(moved)


def test_what_nobody_has_touched_is_not_read(entry: Entry, hashed: list[str]) -> None:
    again(entry).verify_quickly(entry)

    assert hashed == []


@pytest.mark.parametrize("touch", [flip, replace, link, Path.unlink])
def test_what_somebody_has_changed_is_found(entry: Entry, touch: Callable[[Path], None]) -> None:
    touch(entry.files / "weights")

    assert "weights" in (again(entry).damage(entry) or "nothing")
    with pytest.raises(StoreCorrupted, match="weights"):
        again(entry).verify_quickly(entry)


def test_files_that_are_all_gone_are_missed(entry: Entry) -> None:
    shutil.rmtree(entry.files)
    (entry.folder / STAMPS).unlink()

    assert "is missing" in (again(entry).damage(entry) or "nothing")


def test_a_change_after_the_first_look_of_a_process_is_found(entry: Entry) -> None:
    store = again(entry)
    store.verify(entry)

    flip(entry.files / "weights")

    assert not store.is_intact(entry)


def test_only_what_was_touched_is_read(entry: Entry, hashed: list[str]) -> None:
    os.utime(entry.files / "weights")

    again(entry).verify_quickly(entry)

    assert [name for name in hashed if name != "record.json"] == ["weights"]


def test_a_copied_store_is_read_once(entry: Entry, hashed: list[str], tmp_path: Path) -> None:
    shutil.copytree(entry.folder.parents[1], tmp_path / "copy")
    store = Store(tmp_path / "copy")
    copied = store.get("artifacts", KEY)
    assert copied is not None
    settle(copied)

    store.verify_quickly(copied)
    first, hashed[:] = sorted(hashed), []
    again(copied).verify_quickly(copied)

    assert (first, hashed) == (["model", "record.json", "weights"], [])


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"record": ""}', '{"record": "", "files": {"model": 1}}'])
def test_without_stamps_everything_is_read(entry: Entry, hashed: list[str], damage: str) -> None:
    (entry.folder / STAMPS).write_text(damage)

    again(entry).verify_quickly(entry)

    assert {"model", "weights"} < {*hashed}
    assert set(read_stamps(entry.folder).files) == {"model", "weights"}


def test_a_record_whose_digest_was_made_to_fit_is_not_there(entry: Entry) -> None:
    path, record = entry.folder / "record.json", entry.record
    about = {"outcome": "passed"}
    files = {name: file.sha256 for name, file in record.files.items()}
    forged = path.read_text().replace('"about": {}', '"about": {"outcome": "passed"}')
    path.write_text(forged.replace(record.digest, digests.of_data({"files": files, "about": about})))

    assert again(entry).get("artifacts", KEY) is None


def test_a_stamp_as_young_as_the_look_proves_nothing() -> None:
    stamps = {"old": (1, 5, 5, 1), "new": (1, 5, TICK_NS, 1)}

    assert settled(stamps, TICK_NS + 6) == {"old": (1, 5, 5, 1)}
