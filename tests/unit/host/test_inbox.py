"""What a container's task is given to read: its own things, whole, and nothing of another task."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix.host.inbox import Inbox, Mount


def entry(store: Path, key: str) -> Path:
    files = store / "artifacts" / key / "files"
    files.mkdir(parents=True)
    (files / "model.onnx").write_text(f"graph of {key}")
    (files / "model.onnx.data").write_text("weights")
    return files


def test_all_files_of_an_entry_are_given_and_no_other_entry(tmp_path: Path) -> None:
    own, other = entry(tmp_path / "store", "own"), entry(tmp_path / "store", "other")
    inbox = Inbox(tmp_path / "inbox", "/in")

    with inbox.stage([]) as stage:
        inside = stage.translate(own / "model.onnx")
        host = tmp_path / "inbox" / inside.removeprefix("/in/")
        assert host.read_text() == "graph of own"
        assert (host.parent / "model.onnx.data").read_text() == "weights"
        assert [inside.startswith(readable) for readable in stage.readable] == [True]
        given = {path.stat().st_ino for path in (tmp_path / "inbox").rglob("*") if path.is_file()}
        assert given == {path.stat().st_ino for path in own.iterdir()}, "copies, or more than its own"
        assert not given & {path.stat().st_ino for path in other.iterdir()}

    assert list((tmp_path / "inbox").iterdir()) == []
    assert (own / "model.onnx").read_text() == "graph of own"


def test_names_cannot_be_listed_or_guessed(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox", "/in")

    with inbox.stage([]) as one, inbox.stage([]) as two:
        assert one.inside != two.inside and len(one.inside.rsplit("/", 1)[1]) == 32
    assert (tmp_path / "inbox").stat().st_mode & 0o777 == 0o711


def test_what_is_mounted_is_seen_where_it_is_mounted(tmp_path: Path) -> None:
    mounts = [Mount(tmp_path, "/all"), Mount(tmp_path / "targets/onnx", "/target")]

    with Inbox(tmp_path / "inbox", "/in").stage(mounts) as stage:
        assert stage.translate(tmp_path / "targets/onnx/run.py") == "/target/run.py"
        assert stage.translate(tmp_path / "targets/onnx") == "/target"
        assert stage.translate(tmp_path / "else") == "/all/else"


def test_a_file_that_others_may_not_read_is_copied_and_stays_as_it_is(tmp_path: Path) -> None:
    secret = tmp_path / "model.bin"
    secret.write_text("mine")
    secret.chmod(0o600)

    with Inbox(tmp_path / "inbox", "/in").stage([]) as stage:
        given = tmp_path / "inbox" / stage.translate(secret).removeprefix("/in/")
        assert given.stat().st_mode & 0o777 == 0o644 and given.stat().st_ino != secret.stat().st_ino

    assert secret.stat().st_mode & 0o777 == 0o600


def test_links_are_not_given(tmp_path: Path) -> None:
    files = entry(tmp_path / "store", "own")
    (files / "model.onnx.more").symlink_to("/etc/passwd")

    with Inbox(tmp_path / "inbox", "/in").stage([]) as stage, pytest.raises(ValueError, match="neither a file nor"):
        stage.translate(files / "model.onnx")
