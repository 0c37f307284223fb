"""The documented commands, run on the tiny project; and every exit code, from a command.

A page is followed from top to bottom, with the tiny project's names in place of the shipped ones. What is left out, and
why, is in LEFT_OUT; tests/unit/documentation/test_docs.py holds those against the program's own commands and options.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.core import TyperGroup

from deploymatrix import errors
from deploymatrix.cli import app
from tests.documented import REPOSITORY, blocks
from tests.fakes.tree import Tree

NAMES = {"mlp": "linear", "onnx": "npz", "tfjs": "wrapped", "vision": "fake"}
LEFT_OUT = {
    "deploymatrix images": "builds images; tests/integration/test_container_channel.py does",
    "deploymatrix run --isolation docker": "needs a Docker engine; tests/integration/test_container_channel.py has one",
    "deploymatrix init my-models": "its run needs PyTorch; tests/integration/test_wheel.py does it",
    "nox": "sets up everything; it is what CI calls",
}
PAGES = [
    "README.md",
    "docs/guides/gate-a-release.md",
    "docs/guides/sign-the-result.md",
    "docs/guides/reproduce-a-red-cell.md",
    "docs/guides/offline-or-proxy.md",
    "docs/ci/shell.md",
]
# Pages of which nothing is followed here.
ELSEWHERE = {
    "docs/guides/container-engines.md": "it sets up engines; tests/integration/test_podman.py does",
    "docs/guides/own-model.md": "tests/integration/test_own_model_page.py follows it, with the wheel and PyTorch",
    "docs/guides/own-samples.md": "tests/integration/test_guides.py follows it",
    "docs/guides/variants.md": "its variants need real steps; tests/integration/test_variant_pages.py follows it",
    "docs/guides/arm64.md": "its base is emulated; tests/integration/test_arm64.py runs it",
    "docs/guides/browsers.md": "its targets are real browsers; tests/integration/test_browsers.py has one",
    "docs/guides/serving.md": "its targets are real servers; tests/integration/test_serving.py has them",
    "docs/guides/versions.md": "its versions are real runtimes; tests/integration/test_skew.py runs them",
    "docs/guides/red-variants.md": "its cells need real steps; tests/integration/test_variant_pages.py follows it",
}
NO_ENGINE = "unix:///nonexistent/docker.sock"  # containers are tested elsewhere: here, artifacts run in processes


def scripts(page: str) -> Iterator[str]:
    """The page's shell blocks that are run, in the tiny project's words, without the lines that are left out."""
    for block in blocks(REPOSITORY / page):
        if block.language == "sh" and not re.search(r"\bnox\b|\binit\b", block.text):
            lines = [line for line in block.text.splitlines() if line not in LEFT_OUT]
            yield re.sub(r"\b(\w+)\b", lambda word: NAMES.get(word[1], word[1]), "\n".join(lines))


@pytest.fixture
def shell(runnable: Tree, tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a script in the tiny project's folder, with the command on the path."""
    command = tmp_path / "bin" / "deploymatrix"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deploymatrix "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "DOCKER_HOST": NO_ENGINE}
    env["PATH"] = f"{command.parent}{os.pathsep}{os.environ['PATH']}"

    def run(script: str) -> subprocess.CompletedProcess[str]:
        share_environments(runnable)
        words = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(words, cwd=runnable.root, env=env, capture_output=True, text=True, timeout=300)

    return run


def share_environments(tree: Tree) -> None:
    """Also with the build folders that shell.md names."""
    for number in ("1", "2"):
        folder = tree.root / "shards" / number
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "envs").symlink_to((tree.build / "envs").resolve())


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_commands_do_what_it_says(page: str, shell: Any) -> None:
    if "run" not in next(scripts(page)):
        assert shell("deploymatrix run").returncode == errors.OK  # what the page takes for granted

    for script in scripts(page):
        done = shell(script)
        assert done.returncode == errors.OK, f"{script}\n{done.stdout}\n{done.stderr}"


def test_every_page_with_commands_is_followed_or_left_out_for_a_reason() -> None:
    literal = {f"docs/guides/add-a-{kind}.md" for kind in ("model", "target", "route", "runner")}  # test_guides.py
    with_commands = {
        page.relative_to(REPOSITORY).as_posix()
        for page in [*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"]
        for block in blocks(page)
        if block.language == "sh"
    }

    assert with_commands == {*PAGES, *literal, *ELSEWHERE}
    text = "\n".join((REPOSITORY / page).read_text(encoding="utf-8") for page in PAGES)
    assert all(line in text for line in LEFT_OUT)


COMMANDS = {
    "run": ["run", "--isolation", "process"],
    "matrix": ["matrix", "--format", "markdown"],
    "gate": ["gate"],
    "evidence": ["evidence", "--out", "{tmp}/evidence.json"],
    "baseline update": ["baseline", "update", "--file", "{tmp}/baseline.json"],
    "diff": ["diff", "{build}", "{build}/matrix.json", "--markdown"],
    "explain": ["explain", "linear/npz/fp32"],
    "repro": ["repro", "linear/npz/fp32", "--run"],
    "findings": ["findings", "--json"],
    "report": ["report", "--out", "{tmp}/report"],
    "merge": ["merge", "{build}", "--out", "{tmp}/merged"],
    "init": ["init", "{tmp}/mine"],
    "verify": [
        *("verify", "{tmp}/a.npz", "--inputs", "{tmp}/in.npz", "--reference", "{tmp}/out.npz", "-t", "npz"),
        *("--isolation", "process"),
    ],
    "compare": [
        *("compare", "{tmp}/a.npz", "{tmp}/a.npz", "--target-a", "npz", "--target-b", "npz", "--isolation", "process"),
    ],
    "list": ["list", "routes", "--json"],
    "doctor": ["doctor", "--json"],
    "clean": ["clean", "--older-than", "7d"],
    "lock": ["lock", "--check"],
    "selftest": ["selftest", "--isolation", "process", "--sample", "10"],
    "schema": ["schema"],
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory, make_runnable: Callable[[Path], Tree]) -> Tree:
    tree = make_runnable(tmp_path_factory.mktemp("decided") / "project")
    assert tree.run("run", "--isolation", "process").returncode == errors.OK
    return tree


def write_artifact(folder: Path) -> None:
    """An npz artifact, inputs for it, and what it must answer."""
    generator = np.random.default_rng(0)
    left, right, x = (generator.standard_normal(shape).astype(np.float32) for shape in ((4, 3), (4, 3), (1, 4)))
    np.savez(folder / "a.npz", fault=np.array(""), left=left, right=right)
    np.savez(folder / "in.npz", x=x)
    np.savez(folder / "out.npz", left=x @ left, right=x @ right)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_runs(name: str, decided: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    write_artifact(tmp_path)

    done = decided.run(*(word.format(tmp=tmp_path, build=decided.build) for word in COMMANDS[name]))

    # The tiny project's locks are written by hand, so `lock --check` finds them stale; the machine may lack disk.
    assert done.returncode in {"lock": {errors.GATE_FAILED}, "doctor": {0, errors.INCOMPLETE}}.get(name, {errors.OK}), (
        done.stdout + done.stderr
    )
    assert done.stdout.strip()


def test_no_command_is_forgotten() -> None:
    elsewhere = {"images", "baseline", "skew"}  # skew: tests/integration/test_skew.py
    assert {*names(typer.main.get_command(app)), "baseline update"} - {*COMMANDS} == elsewhere


def names(group: Any) -> list[str]:
    assert isinstance(group, TyperGroup)
    return list(group.commands)


RUN = ("run", "--isolation", "process")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("gate",), errors.OK),
        (("gate", "--expectations", "{tmp}/unmatched.toml"), errors.GATE_FAILED),
        (("gate", "-t", "nonexistent"), errors.USAGE),
        (("gate", "-k", "nonexistent"), errors.NOTHING_SELECTED),
        (("--build-dir", "{tmp}", "gate"), errors.INCOMPLETE),
    ],
)
def test_every_exit_code_of_the_gate(decided: Tree, tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    entry = 'cell = "linear/npz/int8"\noutcome = "mismatch"\nreason = "there is no such cell"\nlink = "docs/x"\n'
    (tmp_path / "unmatched.toml").write_text(f"[[expectations]]\n{entry}")

    assert decided.run(*(word.format(tmp=tmp_path) for word in arguments)).returncode == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-t", "plain"), errors.OK),
        ((), errors.GATE_FAILED),
        (("--shard", "3/2"), errors.USAGE),
        (("-k", "nonexistent"), errors.NOTHING_SELECTED),
        (("--isolation", "docker"), errors.INCOMPLETE),
    ],
)
def test_every_exit_code_of_a_run(
    runnable: Tree, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    runnable.append("targets/npz/run.py", "\n\ndef run(session, inputs):\n    raise RuntimeError\n")

    assert runnable.run(*RUN, *arguments).returncode == code


def test_an_interrupted_run_exits_with_130(runnable: Tree, child_environment: dict[str, str]) -> None:
    runnable.append("models/linear/model.toml", '\n[routes.npz]\noptions = { fault = "hang" }\n')
    process = subprocess.Popen(
        runnable.command(*RUN), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=child_environment, text=True
    )
    with process:
        assert process.stderr is not None
        assert any("export linear numpy>npz fp32" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == errors.INTERRUPTED
    outcomes = [cell["outcome"] for cell in json.loads((runnable.build / "matrix.json").read_text())["cells"]]
    assert "missing" in outcomes
