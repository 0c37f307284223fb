"""What the corpus holds, and that it is what it says: this much takes a second."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.tree import REPOSITORY
from tests.hostile import corpus, table
from tests.hostile.behaviours.attack import held_to
from tests.hostile.declared import HARMLESS, Aim, Hostile
from tests.hostile.generate import generate

FRAMEWORKLESS = "tfjs"  # whose artifacts are JSON and bytes, so that they can be written here
ARTIFACTS = {
    f"{format_}.{name}": thing for format_ in corpus.FORMATS for name, thing in corpus.artifacts(format_).items()
}
BEHAVIOURS = {name: thing for group in (*corpus.GROUPS, "node") for name, thing in corpus.behaviours(group).items()}


def test_it_is_large_enough() -> None:
    assert len(ARTIFACTS) >= 60
    assert len(BEHAVIOURS) >= 40
    assert all(len(corpus.artifacts(format_)) >= 10 for format_ in corpus.FORMATS)


@pytest.mark.parametrize("things", [ARTIFACTS, BEHAVIOURS], ids=["artifacts", "behaviours"])
def test_each_says_what_it_tries_and_what_may_come_of_it(things: dict[str, Hostile]) -> None:
    for name, thing in things.items():
        assert thing.tries and thing.outcomes, name
        assert set(thing.outcomes) <= set(HARMLESS), name
    tries = [(name.split(".")[0], thing.tries) for name, thing in things.items()]
    assert len(tries) == len(set(tries)), "two of one group try the same"


def test_nothing_hostile_is_stored() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "tests/hostile"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    assert {Path(name).suffix for name in listed.stdout.split()} <= {".py", ".mjs", ".toml"}


def test_a_format_is_generated_without_doing_what_it_tries(tmp_path: Path) -> None:
    secret, write = tmp_path / "secret", tmp_path / "write"
    secret.write_text("TOKEN")
    write.mkdir()

    generate(FRAMEWORKLESS, tmp_path / "out", Aim(secret=secret, token="TOKEN", write=write))

    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"honest", *corpus.artifacts(FRAMEWORKLESS)}
    assert not [path for path in write.rglob("*") if path.is_file()]
    assert secret.read_text() == "TOKEN"


def test_the_node_runner_does_every_behaviour_that_is_declared() -> None:
    text = (Path(__file__).parent / "behaviours" / "run.mjs").read_text(encoding="utf-8")
    done = re.findall(r"^  (\w+): ", text[text.index("const BEHAVIOURS") :], re.MULTILINE)

    assert set(done) == {name.split(".")[1] for name in corpus.behaviours("node")}


def test_exporters_write_the_corpus_without_the_tests_environment(tmp_path: Path) -> None:
    """They see the folder `hostile` alone, with nothing but the standard library and what they bring."""
    shutil.copytree(Path(__file__).parent, tmp_path / "hostile", ignore=shutil.ignore_patterns("__pycache__", "test_*"))
    arguments = [FRAMEWORKLESS, "out", "secret", "TOKEN", "write"]

    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); sys.argv[1:] = {arguments!r}\n"
         "import runpy; runpy.run_module('hostile.generate', run_name='__main__')"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "honest" / "tfjs_model" / "model.json").is_file()


def test_the_table_tells_what_was_held_and_what_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "outcomes": {"speaking-exits": "run_failed", "speaking-ends": "passed"},
        "faults": {"speaking-ends": ["x"]},
    }
    (tmp_path / "process").mkdir()
    (tmp_path / "process" / "speaking.json").write_text(json.dumps(found))
    monkeypatch.setattr(table, "RESULTS", tmp_path)

    (row,) = [row for row in table.rows() if "hostile words" in row]

    assert row == "| hostile words in errors and logs | not tried | 1 of 2 held | an end with code 255 |"


def test_no_behaviour_works_outside_of_a_container_and_of_the_corpus(tmp_path: Path) -> None:
    aim = {"write": str(tmp_path / "ground" / "canaries" / "write" / "name")}

    assert held_to(tmp_path / "ground" / "project" / "out", aim)
    assert held_to(Path("/deploymatrix/rooms/0/task/out"), aim)
    with pytest.raises(RuntimeError, match="nothing is tried"):
        held_to(tmp_path / "out", aim)


def test_what_reaches_for_the_parent_or_a_guessed_folder_stays_in_containers() -> None:
    aimed = {name for name, thing in BEHAVIOURS.items() if "server" in name.split(".")[1] and thing.processes}

    assert aimed <= {"attacking.reads_the_servers_memory", "attacking.takes_the_servers_descriptors",
                     "replying.speaks_as_the_server", "delivering.speaks_as_the_server"}  # fmt: skip
    assert not [thing.name for thing in corpus.behaviours("node").values() if thing.processes]
