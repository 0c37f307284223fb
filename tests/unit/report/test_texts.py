"""Markdown, step summary, annotations and badges: escaped, and within what the CI hosts take."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Artifact, Matrix
from deploymatrix.report.annotations import MOST, error_annotations
from deploymatrix.report.badges import badges
from deploymatrix.report.grid import readable
from deploymatrix.report.markdown import escape, markdown, table_rows
from deploymatrix.report.step_summary import LARGEST, step_summary
from deploymatrix.report.symbols import legend, mark
from deploymatrix.report.table import print_table
from tests.fakes.matrices import HOSTILE, WARNING, expectation, full_matrix, large_matrix, make_cell, make_matrix

UNESCAPED_PIPE = re.compile(r"(?<!\\)(?:\\\\)*\|")
ALLOWED_COMMAND = re.compile(r"^::error (?:file=[^:,\s]+,)?title=[^:,]+::[^\r\n]*$")


def red(count: int) -> Matrix:
    return make_matrix(*(make_cell(f"m{i:05}", outcome="run_failed") for i in range(count)))


def test_a_hostile_name_neither_breaks_the_table_nor_becomes_markup() -> None:
    lines = markdown(full_matrix()).splitlines()
    table = [line for line in lines if line.startswith("|")]
    heads = [at for at, line in enumerate(table) if line.startswith("| model ")]
    assert heads == [0, 2 + 2 * 8 + len(HOSTILE)]  # the matrix, then what variants are beside full precision
    assert len(table) == heads[1] + 2 + 8
    assert {len(UNESCAPED_PIPE.findall(line)) for line in table} == {1 + 2 + 6}
    assert not any(re.search(r"(?<!\\)<", line) for line in lines)


def test_rows_by_family_say_how_many_of_each_column_passed() -> None:
    families = {"a": "vision", "b": "audio", "c": "vision"}
    cells = [
        make_cell(
            model, target=target, family=family, outcome="run_failed" if (model, target) == ("c", "onnx") else "passed"
        )
        for model, family in families.items()
        for target in ("onnx", "tfjs")
        if (model, target) != ("b", "tfjs")
    ]
    matrix = make_matrix(*cells)

    rows = [[entry.strip() for entry in line.split("|")[1:-1]] for line in table_rows(matrix, by="family")]

    assert [row[0] for row in rows[1:]] == ["**audio**", "b", "**vision**", "a", "c"]
    assert rows[1] == ["**audio**", "**1/1**", ""] and rows[3] == ["**vision**", "**1/2**", "**2/2**"]


@given(st.text())
def test_escaped_text_is_one_line_without_live_markup(text: str) -> None:
    escaped = escape(text)
    assert len(escaped.splitlines()) <= 1
    assert not re.search(r"[`*_<>|\[\]]", re.sub(r"\\.", "", escaped))
    assert not re.search(r"@\w", escaped)


def test_a_small_summary_has_every_red_cell_and_every_row() -> None:
    matrix = full_matrix()
    text = step_summary(matrix)
    assert "left out" not in text
    for cell in matrix.cells:
        assert escape(cell.model) in text
    assert text.startswith("## deploymatrix: 🟠 partial: 100 of 101 planned cells; 28 red: ")


@pytest.mark.parametrize("largest", [1000, 5000, 20_000, 100_000])
def test_a_summary_ends_at_a_row_and_says_how_many_are_left_out(largest: int) -> None:
    text = step_summary(red(400), largest)
    assert len(text.encode()) <= largest
    rows = [line for line in text.splitlines() if line.startswith(("| R ", "| m0"))]
    assert all(line.endswith("|") for line in rows)
    left_out = sum(int(count) for count in re.findall(r"(\d+) of 400 rows were left out", text))
    assert len(rows) + left_out == 800


def test_the_largest_matrix_stays_under_what_a_host_shows() -> None:
    assert LARGEST < 1_024_000
    long = make_cell(outcome="run_failed").model_copy(update={"detail": "é" * 300})
    matrix = make_matrix(*(long.model_copy(update={"model": f"{c.model}-{c.target}"}) for c in large_matrix().cells))
    text = step_summary(matrix)
    assert len(text.encode()) <= LARGEST and "rows were left out" in text


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (1, 1), (MOST, MOST), (MOST + 1, MOST), (500, MOST)])
def test_there_are_at_most_ten_annotations(count: int, lines: int) -> None:
    said = error_annotations(red(count)).splitlines()
    assert len(said) == lines
    if count > MOST:
        assert said[-1].endswith(f"::{count - MOST + 1} more are red; the report lists them")


def test_nothing_from_outside_becomes_a_command() -> None:
    detail = "100%\r\n::error::second\n::set-output name=x::y"
    entry = expectation("a,b:c/onnx/fp32", "load_failed")
    cells = [make_cell(name, outcome="run_failed", detail=detail) for name in (*HOSTILE, "two\nlines", "a,b:c")]
    cells[-1] = cells[-1].model_copy(update={"verdict": "unexpected_outcome", "expectation": entry})
    lines = error_annotations(make_matrix(*cells)).splitlines()
    assert len(lines) == len(cells)
    assert all(ALLOWED_COMMAND.match(line) for line in lines)
    assert any("file=targets/onnx/target.toml,title=a%2Cb%3Ac/onnx/fp32 unexpected outcome::" in line for line in lines)
    assert any("100%25" in line for line in lines)


def test_a_badge_is_green_only_when_no_cell_is_red() -> None:
    entry = expectation("*/tfjs/fp32", "run_failed")
    known = make_cell("lstm", "tfjs", outcome="run_failed", verdict="expected", expectation=entry)
    made = badges(
        make_matrix(make_cell(), make_cell(target="litert", outcome="crashed"), known, make_cell(target="tfjs"))
    )
    read = {name: json.loads(text) for name, text in made.items()}
    assert {name: (badge["message"], badge["color"]) for name, badge in read.items()} == {
        "litert.json": ("0/1", "red"),
        "onnx.json": ("1/1", "brightgreen"),
        "tfjs.json": ("1/2", "green"),
    }
    assert all(badge["schemaVersion"] == 1 and badge["label"] for badge in read.values())


def test_a_target_cannot_lead_a_badge_out_of_its_folder() -> None:
    (name,) = badges(make_matrix(make_cell(target="../../etc/x")))
    assert "/" not in name


def test_entries_about_no_cell_are_told_everywhere() -> None:
    line = "targets/onnx/target.toml: no cell is like `old_*`|x"
    matrix = make_matrix(make_cell()).model_copy(update={"unmatched": (line,)})
    assert escape(line) in markdown(matrix)
    assert escape(line) in step_summary(matrix)
    assert error_annotations(matrix) == f"::error title=deploymatrix::{line}\n"


def test_a_cell_whose_exporter_warned_is_marked_whatever_became_of_it() -> None:
    passed, failed = make_cell("a", warnings=(WARNING,)), make_cell("b", outcome="mismatch", warnings=(WARNING,))

    assert (mark(passed), mark(failed), mark(make_cell("c"))) == ("✓‡", "≠‡", "✓")
    assert "‡ an exporter warned that its artifact may be wrong" in legend((passed,))
    assert "‡" not in legend((make_cell("c"),))


def test_a_repaired_cell_is_marked_and_the_legend_names_the_findings() -> None:
    entry = expectation("*/tfjs/fp32", "run_failed")
    cells = (
        make_cell(repairs=("tfjs-erfc",)),
        make_cell(target="litert"),
        make_cell(target="tfjs", outcome="run_failed", verdict="expected", expectation=entry, repairs=("onnx-axes",)),
    )

    assert [mark(cell) for cell in cells] == ["✓†", "✓", "(R)†"]
    assert legend(cells).endswith("† made with a repair that the plain converter lacks: onnx-axes, tfjs-erfc")
    assert "†" not in legend(cells[1:2])
    assert "✓† |" in markdown(make_matrix(*cells)) and "† made with" in markdown(make_matrix(*cells))


def test_a_model_has_a_row_for_each_variant_full_precision_first() -> None:
    cells = [make_cell(model, variant=variant) for model in ("a", "b") for variant in ("fp16", "fp32", "int8-static")]

    rows = [[entry.strip() for entry in line.split("|")[1:-1]] for line in table_rows(make_matrix(*cells))[1:]]

    assert [row[:2] for row in rows] == [
        *(["a", "fp32"], ["", "fp16"], ["", "int8-static"]),
        *(["b", "fp32"], ["", "fp16"], ["", "int8-static"]),
    ]
    assert {len(row) for row in rows} == {3}


def test_size_time_and_memory_stand_beside_full_precision_and_who_buys_nothing_is_named() -> None:
    whole, half = make_cell("unet"), make_cell("unet", variant="fp16", artifact=Artifact(sha256="b", bytes=980))
    whole = whole.model_copy(update={"artifact": Artifact(sha256="a", bytes=1000)})
    times = {
        cell.name: Measurement(cell=cell.name, cached=False, run_s=run_s, fastest_s=run_s, eager_s=1.0, peak_mb=peak_mb)
        for cell, run_s, peak_mb in ((whole, 10e-3, 50.0), (half, 11e-3, 45.0))
    }
    matrix = make_matrix(whole, half)

    text = markdown(matrix, measurements=times)
    console = Console(record=True, width=160, file=io.StringIO())
    print_table(matrix, console, measurements=times)

    assert "| unet | fp16 | 0.98 / 1.1 / 0.9 |" in text
    assert "- onnx fp16 buys nothing for unet (0.98 of the size, 1.1 of the time)" in text
    assert "note: onnx fp16 buys nothing for unet (0.98 of the size, 1.1 of the time)" in console.export_text()
    assert "Beside full precision" not in markdown(make_matrix(whole), measurements=times)


def many(targets: int) -> Matrix:
    """Two models on so many targets of two classes."""
    cells = [
        make_cell(model, f"t{number:02}").model_copy(update={"target_class": "web" if number % 2 else "server"})
        for model in ("mlp", "lstm")
        for number in range(targets)
    ]
    return make_matrix(*cells)


def test_more_targets_than_fit_are_rows_by_class() -> None:
    assert [readable(many(count), "model") for count in (14, 15)] == ["model", "target"]
    assert readable(many(15), "family") == "family"

    lines = markdown(many(15), "target").splitlines()

    assert lines[0].startswith("| target | lstm | mlp |")
    assert [line.split(" | ")[0] for line in lines[2:5]] == ["| **server**", "| t00", "| t02"]
    assert "| **web** | **7/7** | **7/7** |" in lines
