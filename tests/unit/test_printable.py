"""What artifacts, children and matrices say gets onto a terminal as plain characters, whatever it is."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from deploymatrix.commands.options import print_json
from deploymatrix.execution.outcomes import Failed
from deploymatrix.execution.progress import LiveProgress, PlainProgress
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.records import Matrix
from deploymatrix.printable import printable
from deploymatrix.report.annotations import error_annotations
from deploymatrix.report.listing import print_listing
from deploymatrix.report.markdown import markdown
from deploymatrix.report.outputs import print_outputs
from deploymatrix.report.step_summary import step_summary
from deploymatrix.report.table import print_table
from tests.fakes.matrices import make_cell
from tests.fakes.tree import environment
from tests.imported import ENGINE

STEERING = "\x1b[2J\x1b]0;title\x07\x9b31m\r\b\x00\u202eevil"
ANYTHING = st.text(st.characters(exclude_categories=()))  # halves of surrogate pairs, too


def is_plain(text: str) -> bool:
    return not set(text) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E)}


def hostile_matrix() -> Matrix:
    cells = [
        make_cell(f"{outcome}{STEERING}", f"onnx{STEERING}", outcome=outcome, detail=f"it says {STEERING}")
        for outcome in ("passed", "crashed", "mismatch")
    ]
    return Matrix(generator="x", isolation="process", cells=tuple(cells), unmatched=(f"an entry {STEERING}",))


@given(ANYTHING)
def test_whatever_comes_is_plain_and_can_be_encoded(text: str) -> None:
    told = printable(text)

    assert is_plain(told)
    assert told.encode().decode() == told
    assert printable(told) == told


def test_half_a_surrogate_pair_is_shown_as_its_escape() -> None:
    assert printable("file \udcff, näme 🟠") == "file \\udcff, näme 🟠"


@given(st.dictionaries(ANYTHING, ANYTHING, max_size=2))
def test_json_on_a_terminal_is_plain_and_still_the_same(data: dict[str, str]) -> None:
    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        print_json(data)
        text = sys.stdout.getvalue()
    finally:
        sys.stdout = out

    assert is_plain(text)
    text.encode()
    assert json.loads(text) == data


def test_the_table_on_a_terminal_is_plain() -> None:
    console = Console(file=io.StringIO(), width=300, force_terminal=False)

    print_table(hostile_matrix(), console)
    print_outputs(f"title {STEERING}", make_cell("mlp", outcome="mismatch").outputs, console)

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "it says" in text and "evil" in text
    assert is_plain(text)


@pytest.mark.parametrize("live", [False, True])
def test_progress_is_plain(capsys: pytest.CaptureFixture[str], live: bool) -> None:
    console = Console(file=sys.stderr, width=300, force_terminal=False)
    progress = LiveProgress(console) if live else PlainProgress()

    progress.say(f"built {STEERING} \udcff")
    progress.started(f"run {STEERING}")
    progress.finished(f"run {STEERING}", Failed(outcome="crashed", stage="run", detail=""))

    said = capsys.readouterr().err
    assert "evil \\udcff" in said
    assert is_plain(said)


def test_rows_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing([{"model": f"mlp{STEERING}", "tags": ["\udcff"]}])

    assert is_plain(capsys.readouterr().out)


@pytest.mark.parametrize("report", [markdown, step_summary, error_annotations])
def test_reports_that_a_ci_prints_are_plain(report: object) -> None:
    assert callable(report)
    text = report(hostile_matrix())

    assert "evil" in text
    assert is_plain(text)


def test_commands_print_by_echo_alone() -> None:
    """`echo` cleans what it prints; `typer.echo` and `print` do not."""
    found = []
    for path in sorted((ENGINE / "commands").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {"typer.echo", "print", "sys.stdout.write"}:
                found.append(f"{path.name}:{call.lineno}")

    assert {name.partition(":")[0] for name in found} <= {"options.py"}


def test_an_error_of_ours_is_plain_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from deploymatrix.cli import main

    argv, sys.argv = sys.argv, ["deploymatrix", "--root", str(tmp_path), "verify", f"no{STEERING}.onnx"]
    sys.argv += ["--inputs", "x.npz", "--reference", "\udcff.npz"]
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = argv

    assert ended.value.code == 2
    assert is_plain(capsys.readouterr().err)


def test_a_terminal_that_lacks_characters_does_not_end_a_command(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    write_matrix(hostile_matrix(), tmp_path / "build")
    command = [sys.executable, "-m", "deploymatrix", "--root", str(tmp_path), "matrix"]

    done = subprocess.run(command, env={**environment(), "PYTHONIOENCODING": "ascii:strict"}, capture_output=True)

    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"it says" in done.stdout
