"""The page's file: what is in it, that nothing in it can become code, and how large it gets."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deploymatrix.matrix.records import Matrix
from deploymatrix.matrix.snapshots import snapshot
from deploymatrix.report.history import History
from deploymatrix.report.page import LARGEST, SCRIPTS, STYLES, page
from deploymatrix.report.page_data import embed
from tests.fakes.matrices import (
    HOSTILE,
    earlier_matrix,
    full_matrix,
    large_matrix,
    make_cell,
    make_matrix,
    measurements_of,
)

ASSETS = Path(__file__).parents[3] / "deploymatrix" / "report" / "assets"


class Elements(HTMLParser):
    """The elements of a page: tags with attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.is_open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self.is_open = True

    def handle_endtag(self, tag: str) -> None:
        self.is_open = False

    def handle_data(self, data: str) -> None:
        if self.is_open:
            self.texts[-1] += data

    def text_of(self, tag: str, **attributes: str | None) -> str:
        wanted = [
            text
            for (name, given), text in zip(self.tags, self.texts, strict=True)
            if name == tag and all(given.get(key) == value for key, value in attributes.items())
        ]
        assert len(wanted) == 1, f"{len(wanted)} <{tag}> with {attributes}"
        return wanted[0]


def render(matrix: Matrix, *history: History) -> str:
    measured = {measurement.cell: measurement for measurement in measurements_of(matrix).cells}
    return page(matrix, measured, history)


def earlier(label: str, matrix: Matrix) -> History:
    return History(label=label, states=snapshot(matrix, {}))


def panels(elements: Elements) -> dict[str, Any]:
    packed = elements.text_of("script", id="panel-data")
    unpacked: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return unpacked


def test_hostile_text_stays_inside_the_data() -> None:
    text = render(full_matrix())
    elements = Elements(text)
    assert [tag for tag, _ in elements.tags].count("script") == 3
    assert not {tag for tag, _ in elements.tags} & {"img", "iframe", "object", "link", "base"}
    names = [model for model, _, _ in json.loads(elements.text_of("script", id="grid-data"))["models"]]
    assert set(HOSTILE) <= set(names)


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "a & b", "{{SCRIPT}}"])
def test_embedded_json_reads_back_and_cannot_end_its_element(text: str) -> None:
    embedded = embed({"name": text})
    assert json.loads(embedded) == {"name": text}
    assert not set("<>&\u2028\u2029") & set(embedded)


def test_a_model_named_like_a_place_of_the_template_is_left_alone() -> None:
    text = render(make_matrix(make_cell("{{SCRIPT}}")))
    grid = json.loads(Elements(text).text_of("script", id="grid-data"))
    assert grid["models"][0][0] == "{{SCRIPT}}"


def test_the_policy_names_the_hashes_of_what_is_inlined() -> None:
    elements = Elements(render(full_matrix()))
    policy = next(
        given["content"] for tag, given in elements.tags if given.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None and "default-src 'none'" in policy and "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        text = elements.text_of(tag, type=None) if tag == "script" else elements.text_of(tag)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_the_page_asks_for_nothing() -> None:
    text = render(full_matrix())
    assert not re.search(r"\bsrc\s*=\s*[\"']?\w", text.split("<script")[0])
    for name in (*SCRIPTS, *STYLES):
        asset = (ASSETS / name).read_text(encoding="utf-8")
        assert not re.search(r"\bfetch\(|XMLHttpRequest|@import|url\(|innerHTML|insertAdjacentHTML", asset), name


def test_every_script_and_stylesheet_is_in_the_page_with_the_licence_of_the_plots() -> None:
    there = {path.name for path in ASSETS.iterdir()}
    assert there == {*SCRIPTS, *STYLES, "page.html", "uplot.min.js", "uplot.LICENSE"}
    assert "Copyright (c) 2022 Leon Sorokin" in render(make_matrix(make_cell()))


def test_the_panel_keeps_what_the_matrix_says() -> None:
    cell = make_cell("resnet18", "tfjs", "fp32", "mismatch")
    block = panels(Elements(render(make_matrix(cell))))
    route, steps, blame = (block["values"][number] for number in block["cells"][0][:3])
    assert (route, steps, blame) == (list(cell.route), list(cell.steps), "onnx/from_torch")
    assert cell.artifact and block["cells"][0][23:25] == [cell.artifact.sha256, cell.artifact.bytes]


def test_the_panel_says_where_own_samples_lie() -> None:
    own = make_cell().model_copy(update={"samples": 5, "own_samples": "5 of samples/"})
    for cell, said in ((own, "5: 5 of samples/"), (make_cell(), "4")):
        block = panels(Elements(render(make_matrix(cell))))
        assert said in [block["values"][number] for number in block["cells"][0][:16]]


def test_numbers_that_json_has_no_word_for_become_null() -> None:
    output = (
        make_cell()
        .outputs[0]
        .model_copy(update={"error": float("inf"), "limit": float("nan"), "sample_errors": (float("nan"),)})
    )
    block = panels(Elements(render(make_matrix(make_cell(outputs=(output,))))))
    _, _, error, _, _, errors, _, _ = block["cells"][0][25][0]
    assert (error, errors) == (None, [None])


def test_what_changed_since_the_last_matrix_is_told() -> None:
    now = full_matrix()
    text = render(now, earlier("v0.8", make_matrix(make_cell())), earlier("v0.9", earlier_matrix(now)))
    grid = json.loads(Elements(text).text_of("script", id="grid-data"))
    names = [cell.name for cell in now.cells]
    changes = {name: change for name, change in zip(names, grid["columns"]["change"], strict=True) if change}
    assert changes == {"keras_mlp/onnx/fp32": "fixed", "mlp/litert/fp32": "added", "resnet18/onnx/fp32": "regressed"}
    assert grid["removed"] == ["retired/onnx/fp32"]
    assert grid["history"] == ["v0.8", "v0.9"]


def test_the_same_matrix_gives_the_same_page() -> None:
    assert render(full_matrix()) == render(full_matrix())


def test_a_thousand_models_on_fourteen_targets_fit() -> None:
    assert len(render(large_matrix()).encode()) < LARGEST


def test_long_details_are_shortened_before_the_file_grows_too_large() -> None:
    noise = [random.Random(i).randbytes(3500).hex() for i in range(1900)]
    cells = [make_cell(f"m{i}", outcome="run_failed", detail=f"{text}\nthe end of {i}") for i, text in enumerate(noise)]
    text = render(make_matrix(*cells))
    assert len(text.encode()) < LARGEST
    details = [value for value in panels(Elements(text))["values"] if isinstance(value, str) and "left out" in value]
    assert details and all("the end of" in detail for detail in details)
