"""A token in a variable of the user's: model code does not see it, unless deploymatrix.toml passes it by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.tree import Tree

RUN = ("run", "--isolation", "process", "-t", "npz")
READ = "\nimport json, os, pathlib\npathlib.Path({seen!r}).write_text(json.dumps(dict(os.environ)))\n"


def names_seen(runnable: Tree, seen: Path) -> set[str]:
    done = runnable.run(*RUN, "--fresh")
    assert done.returncode == 0, done.stderr
    return set(json.loads(seen.read_text()))


def test_model_code_sees_no_token_but_the_one_that_is_passed(
    runnable: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen.json"
    runnable.append("models/linear/model.py", READ.format(seen=str(seen)))
    for name in ("MY_TOKEN", "OTHER_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "secret")

    before = names_seen(runnable, seen)
    runnable.write("deploymatrix.toml", 'shipped = false\npass_environment = ["MY_TOKEN"]\n')
    after = names_seen(runnable, seen)

    assert before & {"MY_TOKEN", "OTHER_TOKEN", "GITHUB_TOKEN"} == set()
    assert after & {"MY_TOKEN", "OTHER_TOKEN", "GITHUB_TOKEN"} == {"MY_TOKEN"}
    assert "secret" not in "".join(path.read_text() for path in runnable.build.rglob("*.json") if path.is_file())


@pytest.mark.parametrize("names", ['["A-B"]', '["PYTHONPATH"]', '["A=B"]', '[""]', '"HF_TOKEN"', '["*"]'])
def test_names_are_checked(runnable: Tree, names: str) -> None:
    runnable.write("deploymatrix.toml", f"shipped = false\npass_environment = {names}\n")

    done = runnable.run(*RUN)

    assert done.returncode == 2
    assert "deploymatrix.toml: pass_environment" in done.stderr


def test_an_artifacts_process_sees_no_token_at_all_nor_does_its_reproduction(
    runnable: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pass_environment is for exporters: what runs an artifact is no code of the user's."""
    seen = tmp_path / "seen.json"
    runnable.write("deploymatrix.toml", 'shipped = false\npass_environment = ["MY_TOKEN"]\n')
    runnable.append("targets/npz/run.py", READ.format(seen=str(seen)))
    for name in ("MY_TOKEN", "OTHER_TOKEN"):
        monkeypatch.setenv(name, "secret")

    ran = names_seen(runnable, seen)
    seen.unlink()
    runnable.run("repro", "linear/npz/fp32", "--run")
    again = set(json.loads(seen.read_text()))

    assert {"MY_TOKEN", "OTHER_TOKEN"} & (ran | again) == set()
    assert "PATH" in ran & again
