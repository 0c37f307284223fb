"""The pages: commands that exist, links that lead somewhere, a reference that is what the code says."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from deploymatrix import errors
from deploymatrix.cli import app
from deploymatrix.project import specs
from tests.documented import REPOSITORY, blocks, check, commands, pages, shell_blocks

LINK = re.compile(r"\]\(([^)#\s]+)\)")
CODE = re.compile(r"`(deploymatrix [^`]+)`")
GENERATED = REPOSITORY / "docs" / "reference"
OWN_PAGES = [page for page in pages() if GENERATED not in page.parents]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]

    assert [link for link in links if not (page.parent / link).exists()] == []


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
    "model.toml": specs.ModelSpec,
    "pipeline.toml": specs.PipelineSpec,
    "target.toml": specs.TargetSpec,
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


@pytest.mark.parametrize("page", sorted((REPOSITORY / "docs" / "guides").glob("*.md")), ids=name_of)
def test_a_guide_is_under_a_page_or_little_more_than_its_files(page: Path) -> None:
    shown = sum(len(block.text.splitlines()) for block in blocks(page))

    assert len(page.read_text(encoding="utf-8").splitlines()) - shown <= 70


def test_nothing_names_the_machine_it_was_written_on() -> None:
    for page in [*pages(), REPOSITORY / "action.yml"]:
        assert not re.search(r"/work/|/opt/|/root/", page.read_text(encoding="utf-8")), page
