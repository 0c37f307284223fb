"""The pages: commands that exist, links that lead somewhere, a reference that is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from deploymatrix import errors
from deploymatrix.cli import app
from deploymatrix.matrix import records
from deploymatrix.project import finding_specs, model_specs, runners, specs
from deploymatrix.store.entries import Kind
from deploymatrix.worker import PROTOCOL
from tests.documented import REPOSITORY, blocks, check, commands, load_docs_script, pages, shell_blocks

LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)")
CODE = re.compile(r"`(deploymatrix [^`]+)`")
REFERENCE = REPOSITORY / "docs" / "reference"
GENERATED = {REFERENCE / "cli.md", REFERENCE / "toml.md"}
OWN_PAGES = [page for page in pages() if page not in GENERATED]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load_docs_script("generate")


@pytest.mark.parametrize("page", OWN_PAGES, ids=name_of)
def test_every_command_in_a_block_is_one(page: Path) -> None:
    for script in shell_blocks(page):
        for words in commands(script):
            assert check(words), words


@pytest.mark.parametrize("page", OWN_PAGES, ids=name_of)
def test_every_command_in_a_sentence_is_one(page: Path) -> None:
    for line in CODE.findall(page.read_text(encoding="utf-8")):
        for words in commands(line):
            try:
                assert check(words)
            except TyperException as error:  # a sentence may name a command without its arguments
                assert str(error).startswith("Missing"), line


def test_the_check_refuses_what_does_not_exist() -> None:
    for wrong in (["rnu"], ["run", "--sharp", "1/2"], ["diff", "one"], ["run", "--isolation", "vm"]):
        with pytest.raises(TyperException):
            check(wrong)


def test_commands_are_found_wherever_a_script_calls_them() -> None:
    script = "x=$(deploymatrix list targets --json | cat)\nfoo && deploymatrix run \\\n  -t onnx || true  # it runs\n"

    assert list(commands(script)) == [["list", "targets", "--json"], ["run", "-t", "onnx"]]
    assert list(commands("- run: deploymatrix gate\n- deploymatrix report\n")) == [["gate"], ["report"]]


def test_the_readme_names_every_command() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert [name for name in root.commands if f"`deploymatrix {name}" not in text] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link[0]]

    assert [link for link in links if not leads_somewhere(page.parent / link[0], link[1])] == []


def leads_somewhere(path: Path, anchor: str) -> bool:
    """Tell whether the file or folder is there, and has a heading for the anchor, if the link has one."""
    if not anchor:
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_a_link_to_nowhere_is_noticed() -> None:
    readme = REPOSITORY / "README.md"

    assert leads_somewhere(readme, "") and leads_somewhere(readme, "your-own-models")
    assert not leads_somewhere(readme, "gone") and not leads_somewhere(REPOSITORY / "GONE.md", "")


def test_the_generated_pages_are_those_that_are_told_apart(generate: ModuleType) -> None:
    assert {*generate.pages()} == GENERATED


def test_the_reference_is_what_the_code_says(generate: ModuleType) -> None:
    for path, text in generate.pages().items():
        assert path.read_text(encoding="utf-8") == text, "write it anew: python docs/generate.py"


def test_the_reference_knows_every_command_and_every_file(generate: ModuleType) -> None:
    cli, toml = generate.pages().values()

    assert "## deploymatrix run\n" in cli and "## deploymatrix baseline update\n" in cli and "--shard PART" in cli
    assert all(f"`{key}`" in toml for spec in generate.FILES.values() for key in spec.model_fields)


def test_check_tells_a_stale_reference(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    script = docs / "generate.py"
    script.write_text((REPOSITORY / "docs" / "generate.py").read_text(encoding="utf-8"), encoding="utf-8")

    def call(*arguments: str) -> int:
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(command, cwd=REPOSITORY, env={"PYTHONPATH": str(REPOSITORY)}).returncode

    assert call("--check") == 1
    assert call() == 0
    assert call("--check") == 0


def test_the_exit_codes_are_those_of_the_code() -> None:
    page = (REPOSITORY / "docs" / "ci" / "shell.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}

    assert documented == {value for name, value in vars(errors).items() if name.isupper()}


SPECS = {
    "model.toml": model_specs.ModelSpec,
    "pipeline.toml": specs.PipelineSpec,
    "target.toml": specs.TargetSpec,
    "framework.toml": specs.FrameworkSpec,
    "runner.toml": runners.RunnerSpec,
    "finding.toml": finding_specs.FindingSpec,
    "environments/<e>.toml": specs.EnvironmentSpec,
    "deploymatrix.toml": specs.ProjectSpec,
    "[[expectations]]": specs.ExpectationsFile,
    "[budgets.": specs.BudgetsFile,
}


@pytest.mark.parametrize("page", OWN_PAGES, ids=name_of)
def test_every_toml_example_is_valid(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            kind = next((spec for key, spec in SPECS.items() if key in f"{block.file} {block.text[:20]}"), None)
            data = tomllib.loads(block.text)
            assert data
            assert kind is None or kind.model_validate(data)


def first_cells(page: Path, head: str) -> list[str]:
    """The names in the first column of the table with this heading."""
    table = page.read_text(encoding="utf-8").partition(f"| {head} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_the_build_folders_page_has_every_outcome_verdict_and_kind_of_entry() -> None:
    page = REFERENCE / "build-folder.md"

    assert first_cells(page, "outcome") == list(get_args(records.Outcome))
    assert sorted(first_cells(page, "verdict")) == sorted(get_args(records.Verdict))
    assert f"kinds: {', '.join(get_args(Kind))}" in page.read_text(encoding="utf-8")


def test_the_protocols_page_is_of_the_version_that_is_spoken() -> None:
    page = (REFERENCE / "worker-protocol.md").read_text(encoding="utf-8")

    assert page.startswith(f"# The worker protocol, version {PROTOCOL}\n")
    assert f'"op": "hello", "protocol": {PROTOCOL},' in page and f'"op": "ready", "protocol": {PROTOCOL},' in page


@pytest.mark.parametrize("page", sorted((REPOSITORY / "docs" / "guides").glob("*.md")), ids=name_of)
def test_a_guide_is_under_a_page_or_little_more_than_its_files(page: Path) -> None:
    shown = sum(len(block.text.splitlines()) for block in blocks(page))

    assert len(page.read_text(encoding="utf-8").splitlines()) - shown <= 70


def test_nothing_names_the_machine_it_was_written_on() -> None:
    for page in [*pages(), REPOSITORY / "action.yml"]:
        assert not re.search(r"/work/|/opt/|/root/", page.read_text(encoding="utf-8")), page
