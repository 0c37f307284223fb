"""The store: an entry is there whole or not at all, and is what its record says or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploymatrix.errors import StoreCorrupted
from deploymatrix.store.entries import Entry
from deploymatrix.store.files import write_atomically, write_json
from deploymatrix.store.store import Store

KEY = "0" * 64


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def folder(tmp_path: Path, **files: str) -> Path:
    """A folder with the given files, such as an exporter leaves."""
    made = tmp_path / "made"
    for name, text in files.items():
        path = made / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return made


def entry(store: Store, tmp_path: Path, **files: str) -> Entry:
    return store.put("artifacts", KEY, folder(tmp_path, **(files or {"model": "weights"})), about={"entry": "model"})


def test_what_was_put_is_got(store: Store, tmp_path: Path) -> None:
    put = entry(store, tmp_path, model="weights", data__more="12345")

    got = Store(store.root).get("artifacts", KEY)

    assert got is not None
    assert got.record == put.record
    assert got.about == {"entry": "model"}
    assert got.bytes == len("weights") + len("12345")
    assert {name: file.bytes for name, file in got.record.files.items()} == {"model": 7, "data/more": 5}
    assert (got.files / "data" / "more").read_text() == "12345"


def test_what_was_not_put_is_not_there(store: Store, tmp_path: Path) -> None:
    entry(store, tmp_path)

    assert store.get("artifacts", "1" * 64) is None
    assert store.get("runs", KEY) is None


def test_an_entry_without_files_is_one_too(store: Store) -> None:
    store.put("cells", KEY, None, about={"outcome": "passed"})

    found = store.get("cells", KEY)

    assert found is not None and found.about == {"outcome": "passed"} and found.bytes == 0


def test_the_folder_is_moved_and_nothing_temporary_stays(store: Store, tmp_path: Path) -> None:
    entry(store, tmp_path)

    assert not (tmp_path / "made").exists()
    assert [p.name for p in store.folder("artifacts").iterdir()] == [KEY]


def test_the_digest_is_of_contents_and_knowledge_but_not_of_measurements(store: Store, tmp_path: Path) -> None:
    def digest(key: str, text: str, about: str, seconds: float) -> str:
        files = folder(tmp_path, model=text)
        return store.put("runs", key, files, about={"a": about}, measured={"wall_s": seconds}).digest

    first = digest("1" * 64, "same", "same", 1.0)

    assert digest("2" * 64, "same", "same", 2.0) == first
    assert digest("3" * 64, "other", "same", 1.0) != first
    assert digest("4" * 64, "same", "other", 1.0) != first


def change(entry: Entry) -> None:
    (entry.files / "model").write_text("WEIGHTS")


def remove(entry: Entry) -> None:
    (entry.files / "model").unlink()


def add(entry: Entry) -> None:
    (entry.files / "extra").write_text("")


@pytest.mark.parametrize(
    ("tamper", "message"),
    [(change, "model changed after"), (remove, "model is missing after"), (add, "extra was added after")],
)
def test_what_is_not_as_it_was_written_is_refused(
    store: Store, tmp_path: Path, tamper: Callable[[Entry], None], message: str
) -> None:
    damaged = entry(store, tmp_path)
    tamper(damaged)

    with pytest.raises(StoreCorrupted, match=message):
        store.verify(damaged)
    assert not store.is_intact(damaged)


def test_a_whole_entry_is_verified(store: Store, tmp_path: Path) -> None:
    whole = entry(store, tmp_path)

    store.verify(whole)

    assert store.is_intact(whole)


def test_an_entry_is_verified_anew_after_it_was_replaced(store: Store, tmp_path: Path) -> None:
    store.verify(entry(store, tmp_path, model="old"))
    new = entry(store, tmp_path, model="new")
    change(new)

    with pytest.raises(StoreCorrupted):
        store.verify(new)


@pytest.mark.parametrize("target", ["model", "/etc/hostname", "nowhere"])
def test_a_link_is_refused_and_leaves_nothing(store: Store, tmp_path: Path, target: str) -> None:
    made = folder(tmp_path, model="weights")
    (made / "link").symlink_to(target)

    with pytest.raises(StoreCorrupted, match="link is a symbolic link"):
        store.put("artifacts", KEY, made, about={})

    assert store.get("artifacts", KEY) is None
    assert list(store.folder("artifacts").iterdir()) == []


def test_an_entry_is_replaced_whole(store: Store, tmp_path: Path) -> None:
    entry(store, tmp_path, model="old", only_old="x")
    entry(store, tmp_path, model="new")

    found = store.get("artifacts", KEY)

    assert found is not None
    assert [p.name for p in found.files.iterdir()] == ["model"]
    assert (found.files / "model").read_text() == "new"
    assert [p.name for p in store.folder("artifacts").iterdir()] == [KEY]


def test_an_entry_is_dropped(store: Store, tmp_path: Path) -> None:
    entry(store, tmp_path)

    store.drop("artifacts", KEY)
    store.drop("artifacts", KEY)

    assert store.get("artifacts", KEY) is None
    assert list(store.folder("artifacts").iterdir()) == []


def cut(record: Path) -> None:
    record.write_bytes(record.read_bytes()[:-20])


def forge(record: Path) -> None:
    record.write_text(record.read_text().replace('"mismatch"', '"passed"'))


def outdate(record: Path) -> None:
    record.write_text(record.read_text().replace('"version": 1', '"version": 0'))


def rename(record: Path) -> None:
    record.write_text(record.read_text().replace(KEY, "1" * 64))


@pytest.mark.parametrize("damage", [cut, forge, outdate, rename, Path.unlink])
def test_an_entry_with_a_damaged_record_is_not_there(store: Store, damage: Callable[[Path], None]) -> None:
    put = store.put("cells", KEY, None, about={"outcome": "mismatch"})
    damage(put.folder / "record.json")

    assert store.get("cells", KEY) is None


def test_many_writers_of_one_entry_leave_one_whole_entry(store: Store, tmp_path: Path) -> None:
    def put(number: int) -> None:
        made = tmp_path / f"made-{number}"
        made.mkdir()
        (made / "model").write_text(f"weights {number}")
        Store(store.root).put("artifacts", KEY, made, about={"number": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(40)))

    found = store.get("artifacts", KEY)
    assert found is not None
    store.verify(found)
    assert [p.name for p in store.folder("artifacts").iterdir()] == [KEY]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "matrix.json"
    write_atomically(path, b"old")

    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"x": float("nan")})

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_json_has_sorted_keys_and_ends_with_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "x.json"

    write_json(path, {"b": 1, "a": [1.5, "ü"]})

    assert path.read_text(encoding="utf-8") == '{\n "a": [\n  1.5,\n  "ü"\n ],\n "b": 1\n}\n'
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": [1.5, "ü"], "b": 1}
