"""An image counts as ours by a note that only we can have written, under the id that the engine gave it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploymatrix.environments.image_notes import ImageNotes, notes_of, state_folder, usable

DIGEST, ID, OTHER = "d" * 64, f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageNotes:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return notes_of(tmp_path / "build")


def note(folder: Path) -> Path:
    return folder / DIGEST / f"{'1' * 64}.json"


def test_only_what_was_noted_is_ours(notes: ImageNotes):
    assert not notes.has(DIGEST, ID)

    notes.add(DIGEST, ID, {"tag": "deploymatrix/tiny:1"})

    assert notes.has(DIGEST, ID)
    assert not notes.has(DIGEST, OTHER)
    assert not notes.has("e" * 64, ID)


def test_a_note_says_what_was_built_and_is_for_this_user_alone(notes: ImageNotes):
    notes.add(DIGEST, ID, {"tag": "deploymatrix/tiny:1"})

    for folder in notes.folders:
        assert json.loads(note(folder).read_text()) == {"id": ID, "tag": "deploymatrix/tiny:1"}
        assert note(folder).stat().st_mode & 0o777 == 0o600
        assert {part.stat().st_mode & 0o777 for part in (folder, folder / DIGEST)} == {0o700}


def test_another_project_of_this_user_knows_it_too(notes: ImageNotes, tmp_path: Path):
    notes.add(DIGEST, ID, {})

    assert notes_of(tmp_path / "other" / "build").has(DIGEST, ID)


def test_a_build_folder_that_moves_takes_its_notes_along(
    notes: ImageNotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    notes.add(DIGEST, ID, {})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "of another machine"))

    assert notes_of(tmp_path / "build").has(DIGEST, ID)


@pytest.mark.parametrize("writable", ["folder", "digest", "note"])
def test_a_note_that_others_could_write_does_not_count(notes: ImageNotes, writable: str):
    alone = ImageNotes(notes.folders[:1])
    alone.add(DIGEST, ID, {})
    path = {"folder": note(alone.folders[0]).parents[1], "digest": note(alone.folders[0]).parent}.get(
        writable, note(alone.folders[0])
    )

    path.chmod(path.stat().st_mode | 0o020)

    assert not alone.has(DIGEST, ID)


def test_a_link_is_no_note(notes: ImageNotes, tmp_path: Path):
    alone = ImageNotes(notes.folders[:1])
    alone.add(DIGEST, ID, {})
    note(alone.folders[0]).rename(tmp_path / "elsewhere.json")
    note(alone.folders[0]).symlink_to(tmp_path / "elsewhere.json")

    assert not alone.has(DIGEST, ID)


def test_a_state_folder_that_cannot_be_made_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    notes = notes_of(tmp_path / "build")

    notes.add(DIGEST, ID, {})

    assert notes.has(DIGEST, ID)


def test_the_state_folder_is_where_the_specification_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_folder() == Path(os.path.expanduser("~/.local/state/deploymatrix/images"))

    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert state_folder() == Path("/somewhere/deploymatrix/images")


def test_a_state_folder_is_usable_when_its_notes_count_or_would(notes: ImageNotes, tmp_path: Path):
    (tmp_path / "file").write_text("")
    folder = notes.folders[1]
    assert usable(folder)
    assert not usable(tmp_path / "file" / "below")
    notes.add(DIGEST, ID, {})
    assert usable(folder)

    folder.chmod(0o770)

    assert not usable(folder)
