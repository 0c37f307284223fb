"""Where artifacts that somebody else made may run: in containers, or where the user says that he trusts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploymatrix import errors
from deploymatrix.host.isolation import IsolationChoice, choose_for_foreign


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")


@pytest.mark.parametrize("wanted", ["auto", "docker"])
def test_without_an_engine_they_are_refused(no_engine: None, wanted: IsolationChoice) -> None:
    said: list[str] = []

    with pytest.raises(errors.EnvironmentFailed, match="start the engine, or give --isolation process") as refusal:
        choose_for_foreign(wanted, said.append)

    assert refusal.value.exit_code == errors.INCOMPLETE
    assert said == []


def test_processes_are_taken_where_they_are_asked_for_and_one_line_says_what_that_means(no_engine: None) -> None:
    said: list[str] = []

    assert choose_for_foreign("process", said.append) == "process"

    [line] = said
    assert "with your rights on this machine" in line
