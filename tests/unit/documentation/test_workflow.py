"""The GitHub action and workflows: valid YAML, commands and inputs that exist, scripts that do what they say."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.documented import REPOSITORY, blocks, check, commands
from tests.fakes.tree import Tree
from tests.workflows import ACTION, WORKFLOW, ZOO, load, run_script, script_of, steps_of

FILES = [
    ACTION,
    *sorted(WORKFLOW.parent.glob("*.yml")),
    REPOSITORY / "deploymatrix" / "project" / "templates" / "workflow.yml",
]


def filled(script: str) -> str:
    """A script of the action with the defaults of its inputs, where they have one, in the place of variables."""
    defaults = {name.upper(): given.get("default") for name, given in load(ACTION)["inputs"].items()}
    return re.sub(r"\$([A-Z]+)", lambda found: defaults.get(found[1]) or found[0], script)


def scripts() -> Iterator[tuple[str, str]]:
    for path in FILES:
        for number, step in enumerate(steps_of(load(path))):
            if "run" in step:
                yield f"{path.name}-{number}", step["run"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_step_says_what_it_does(path: Path) -> None:
    steps = steps_of(load(path))

    assert steps
    assert all(("uses" in step) != ("run" in step) for step in steps)


@pytest.mark.parametrize("script", [text for _, text in scripts()], ids=[name for name, _ in scripts()])
def test_every_script_is_sound_and_its_commands_exist(script: str) -> None:
    syntax = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)

    assert syntax.returncode == 0, syntax.stderr
    assert script.count("deploymatrix ") >= len([check(words) for words in commands(filled(script))])
    assert "${{" not in script, "an expression in a script is pasted in unquoted: hand it over in env"


def test_the_action_calls_what_it_is_for() -> None:
    called = {check(words) for step in steps_of(load(ACTION)) for words in commands(filled(step.get("run", "")))}

    assert called == {"run", "merge", "report", "gate"}


def test_every_step_of_the_action_that_is_a_script_names_its_shell() -> None:
    assert all(step["shell"] == "bash" for step in steps_of(load(ACTION)) if "run" in step)


@pytest.mark.parametrize("path", [WORKFLOW, ZOO], ids=lambda path: path.name)
def test_the_workflow_gives_the_action_inputs_that_it_has(path: Path) -> None:
    inputs = load(ACTION)["inputs"]

    calls = [step for step in steps_of(load(path)) if step.get("uses") == "./"]

    assert len(calls) == 2
    assert all(set(step["with"]) <= set(inputs) for step in calls)


def test_every_part_of_the_zoo_has_a_job_that_takes_all_models_as_the_gate_does(tree: Tree) -> None:
    jobs = load(ZOO)["jobs"]

    parts = jobs["part"]["strategy"]["matrix"]["part"]
    assert parts == list(range(1, 9)) and jobs["part"]["steps"][-1]["with"]["shard"] == "${{ matrix.part }}/8"
    assert (jobs["gate"]["needs"], jobs["gate"]["if"]) == ("part", "${{ !cancelled() }}")
    for job in jobs.values():
        script = next(step["run"] for step in job["steps"] if step.get("name") == "All models")
        assert run_script(f"cd {tree.root}\n{script}", tree.root.parent).returncode == 0
        assert tree.project().default == ""
        (tree.root / "deploymatrix.toml").unlink()


def test_the_guide_gives_the_action_inputs_that_it_has() -> None:
    page = REPOSITORY / "docs" / "ci" / "github.md"
    workflows = [yaml.safe_load(block.text) for block in blocks(page) if block.language == "yaml"]

    given = [step["with"] for flow in workflows for step in steps_of(flow) if "deploymatrix@" in step.get("uses", "")]

    assert len(given) >= 2
    assert all(set(inputs) <= set(load(ACTION)["inputs"]) for inputs in given)


def test_every_target_has_a_job_and_the_gate_waits_for_all_of_them() -> None:
    jobs = load(WORKFLOW)["jobs"]

    assert jobs["target"]["strategy"]["matrix"]["target"] == "${{ fromJSON(needs.plan.outputs.targets) }}"
    assert jobs["target"]["strategy"]["fail-fast"] is False
    assert jobs["gate"]["needs"] == "target"
    assert jobs["gate"]["if"] == "${{ !cancelled() }}", "a job that died must close the gate, not skip it"


def test_the_plan_lists_the_targets(tree: Tree, tmp_path: Path) -> None:
    script = script_of(WORKFLOW, "id", "list").replace("deploymatrix list", f"deploymatrix --root {tree.root} list")

    done = run_script(script, tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "output").read_text().removeprefix("targets=")) == ["npz", "plain", "wrapped"]


def digest_of_locks(tree: Tree, folder: Path) -> str:
    script = script_of(ACTION, "id", "locks")
    (folder / "output").unlink(missing_ok=True)
    done = run_script(script, folder, ROOT=str(tree.root), GITHUB_ACTION_PATH=str(tree.root / "docker"))
    assert done.returncode == 0, done.stderr
    return (folder / "output").read_text().strip()


def test_the_cache_key_follows_the_locks_and_nothing_else(tree: Tree, tmp_path: Path) -> None:
    before = digest_of_locks(tree, tmp_path)

    tree.append("models/linear/model.py", "# changed\n")
    tree.write("build/envs/somebody.lock", "not ours")
    assert digest_of_locks(tree, tmp_path) == before

    tree.append("targets/npz/requirements.lock", "# changed\n")
    assert digest_of_locks(tree, tmp_path) != before


@pytest.mark.parametrize(("part", "code"), [("1/1", 0), ("3/2", 2)])
def test_red_cells_do_not_fail_the_run_step_but_a_broken_run_does(
    tree: Tree, tmp_path: Path, part: str, code: int
) -> None:
    """The command is a stand-in here: it exits as `run` does, 1 for red cells."""
    script = script_of(ACTION, "name", "Run")
    fake = 'deploymatrix() { [ "$5" = "1/1" ] && return 1; return 2; }\n'

    done = run_script(fake + script, tmp_path, ROOT=str(tree.root), SHARD=part)

    first, last = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    assert (done.returncode != 0) == (code != 0)
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"


def test_a_merge_of_no_shards_fails(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()

    done = run_script(script_of(ACTION, "name", "Merge"), tmp_path, ROOT=str(tree.root), PIECES="shards")

    assert done.returncode == 4
