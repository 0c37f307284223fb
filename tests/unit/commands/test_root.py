"""A folder that is no project is a usage error, and nothing is created in its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploymatrix.cli import main
from deploymatrix.errors import OK, USAGE
from deploymatrix.project.trees import SIGNS

COMMANDS = [("list", "cells"), ("run", "--isolation", "process"), ("gate",), ("explain", "*"), ("repro", "*")]


def called(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[object, str]:
    monkeypatch.setattr(sys, "argv", ["deploymatrix", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or OK, capsys.readouterr().err


@pytest.mark.parametrize("command", [*COMMANDS, ("matrix",), ("report",), ("doctor",)], ids=lambda command: command[0])
def test_a_mistyped_root_is_refused_and_not_created(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    code, said = called(capsys, monkeypatch, "--root", str(tmp_path / "TYPO"), *command)

    assert code == USAGE
    assert f"--root {tmp_path / 'TYPO'}: there is no such folder" in said and "deploymatrix init" in said
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.toml").touch()

    code, said = called(capsys, monkeypatch, "--root", str(tmp_path / "model.toml"), "list", "cells")

    assert code == USAGE
    assert "this is no folder" in said


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_folder_with_nothing_of_a_project_is_refused_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)

    code, said = called(capsys, monkeypatch, *command)

    assert code == USAGE
    assert "this folder is no project" in said and f"`deploymatrix init {tmp_path}` makes one" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sign", SIGNS)
def test_one_sign_makes_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    path = tmp_path / sign
    path.touch() if path.suffix else path.mkdir()

    assert called(capsys, monkeypatch, "--root", str(tmp_path), "list", "targets")[0] == OK


def test_models_that_are_named_need_no_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(__file__).parents[3] / "models" / "mlp"
    own = tmp_path / "elsewhere" / "mine"
    own.mkdir(parents=True)
    for name in ("model.toml", "model.py"):
        (own / name).write_bytes((shipped / name).read_bytes())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert called(capsys, monkeypatch, "list", "models", "--models", str(own))[0] == OK
    assert list((tmp_path / "here").iterdir()) == []
