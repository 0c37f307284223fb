"""The command: what it refuses, with which exit code, and what it tells to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from deploymatrix import cli
from deploymatrix.errors import INCOMPLETE, NOTHING_SELECTED, OK, USAGE
from tests.fakes.tree import Called, Tree

COMMANDS_THAT_SELECT = [("run", "--isolation", "process"), ("gate",), ("list", "cells")]


@pytest.mark.parametrize("command", COMMANDS_THAT_SELECT, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("-t", "warpped"), "unknown target 'warpped'; did you mean 'wrapped'?"),
        (("-m", "liner"), "unknown model 'liner'; did you mean 'linear'?"),
        (("-m", "linear", "-m", "zzz"), "unknown model 'zzz'; known: linear"),
        (("-k", "and and"), "-k 'and and': not an expression"),
        (("--models", "/nowhere/at/all"), "there is no such"),
    ],
)
def test_what_does_not_exist_is_a_usage_error_with_the_nearest_name(
    call: Callable[..., Called], command: tuple[str, ...], option: tuple[str, ...], message: str
) -> None:
    done = call(*command, *option)

    assert done.code == USAGE
    assert message in done.err


@pytest.mark.parametrize("command", COMMANDS_THAT_SELECT, ids=lambda command: command[0])
def test_nothing_selected(call: Callable[..., Called], command: tuple[str, ...]) -> None:
    done = call(*command, "-k", "nobody")

    assert done.code == NOTHING_SELECTED
    assert "no cell matches -k nobody" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--isolaton", "process"), "--isolation"),
        (("run", "--isolation", "vm"), "'vm' is not one of"),
        (("run", "--jobs", "-1"), "--jobs"),
        (("run", "--timeout", "0"), "--timeout"),
        (("list", "model"), "'model' is not one of"),
        (("gaet",), "gate"),
    ],
)
def test_an_unknown_option_value_or_command_is_a_usage_error(
    call: Callable[..., Called], arguments: tuple[str, ...], message: str
) -> None:
    done = call(*arguments)

    assert done.code == USAGE
    assert message in done.err


@pytest.mark.parametrize("arguments", [("matrix",), ("matrix", "--format", "json"), ("gate",)])
def test_without_a_matrix_the_work_is_not_done(call: Callable[..., Called], arguments: tuple[str, ...]) -> None:
    done = call(*arguments)

    assert done.code == INCOMPLETE
    assert "`deploymatrix run` makes it" in done.err


def test_a_typo_in_a_file_is_a_usage_error_that_names_file_key_and_remedy(
    tree: Tree, call: Callable[..., Called]
) -> None:
    tree.change("models/linear/model.toml", "seed = 1", "sede = 1")

    done = call("list", "models")

    assert done.code == USAGE
    assert "models/linear/model.toml: sede: unknown key; did you mean 'seed'?" in done.err


def test_a_typo_in_a_file_stops_a_run_before_it_starts(tree: Tree, call: Callable[..., Called]) -> None:
    tree.change("pipelines/wrapped/pipeline.toml", '"npz"', '"nzp"')

    done = call("run", "--isolation", "process")

    assert done.code == USAGE
    assert "pipelines/wrapped/pipeline.toml: steps.from: 'nzp' does not exist; did you mean 'npz'?" in done.err
    assert not (tree.build / "store").exists()


@pytest.mark.parametrize(
    ("what", "key", "names"),
    [
        ("models", "model", ["linear"]),
        ("targets", "target", ["npz", "plain", "wrapped"]),
        ("cells", "cell", ["linear/npz/fp32", "linear/plain/fp32", "linear/wrapped/fp32"]),
        ("routes", "route", ["numpy → npz", "numpy → npz", "numpy → npz → wrapped"]),
    ],
)
def test_list(call: Callable[..., Called], what: str, key: str, names: list[str]) -> None:
    as_json, as_text = call("list", what, "--json"), call("list", what)

    assert (as_json.code, as_text.code) == (OK, OK)
    assert [row[key] for row in json.loads(as_json.out)] == names
    assert all(name in as_text.out for name in names)


def test_help_names_every_command(call: Callable[..., Called]) -> None:
    done = call("--help")

    assert done.code == OK
    for command in ("run", "matrix", "gate", "list", "doctor", "clean", "lock", "images", "schema"):
        assert command in done.out


def test_a_target_without_expectable_outcome_stops_a_run(tree: Tree, call: Callable[..., Called]) -> None:
    tree.append(
        "targets/npz/target.toml",
        '\n[[expectations]]\ncell = "*"\noutcome = "mismtach"\nreason = "it rounds wrongly"\nlink = "docs/x"\n',
    )

    done = call("run", "--isolation", "process")

    assert done.code == USAGE
    assert "targets/npz/target.toml: expectations.outcome: 'mismtach'" in done.err


def test_a_fault_of_our_own_is_not_taken_for_a_closed_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(cli, "app", broken)

    with pytest.raises(SystemExit) as exited:
        cli.main()

    assert exited.value.code == INCOMPLETE
    assert "RuntimeError: a bug" in capsys.readouterr().err
