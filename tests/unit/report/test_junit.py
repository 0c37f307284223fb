"""JUnit XML: valid by its schema, and a red cell never looks green."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
import xmlschema

from deploymatrix.matrix.records import Matrix
from deploymatrix.report.junit import junit
from tests.fakes.matrices import expectation, full_matrix, make_cell, make_matrix, measurements_of

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd"))


def cases(matrix: Matrix) -> dict[str, xml.Element]:
    text = junit(matrix, {m.cell: m for m in measurements_of(matrix).cells})
    SCHEMA.validate(text)
    return {case.attrib["name"]: case for case in xml.fromstring(text).iter("testcase")}


def test_every_cell_is_a_case_and_the_file_is_valid() -> None:
    matrix = full_matrix()
    assert set(cases(matrix)) == {cell.name for cell in matrix.cells}


def test_a_case_fails_exactly_when_its_cell_is_red() -> None:
    matrix = full_matrix()
    by_name = cases(matrix)
    for cell in matrix.cells:
        tags = {child.tag for child in by_name[cell.name]}
        is_red = cell.verdict not in ("ok", "expected")
        assert bool(tags & {"failure", "error"}) == is_red, cell.name
        assert ("skipped" in tags) == (cell.verdict == "expected"), cell.name


def test_an_unexpected_pass_is_a_failure_that_says_what_to_edit() -> None:
    entry = expectation("mlp/onnx/fp32", "run_failed")
    case = cases(make_matrix(make_cell(verdict="unexpected_pass", expectation=entry)))["mlp/onnx/fp32"]
    failure = case.find("failure")
    assert failure is not None and failure.attrib["type"] == "unexpected_pass"
    assert "targets/onnx/target.toml expects run_failed; remove that entry" in failure.attrib["message"]


def test_an_expected_failure_is_skipped_with_its_reason() -> None:
    entry = expectation("mlp/onnx/fp32", "run_failed", "no such operator & <none> planned")
    matrix = make_matrix(make_cell(outcome="run_failed", verdict="expected", expectation=entry))
    skipped = cases(matrix)["mlp/onnx/fp32"].find("skipped")
    assert skipped is not None and skipped.attrib["message"] == "run_failed: no such operator & <none> planned"


@pytest.mark.parametrize("outcome", ["environment_failed", "reference_failed", "missing"])
def test_what_gave_no_answer_is_an_error(outcome: str) -> None:
    matrix = make_matrix(make_cell(outcome=outcome))  # type: ignore[arg-type]
    assert cases(matrix)["mlp/onnx/fp32"].find("error") is not None


def test_suites_count_their_cases() -> None:
    root = xml.fromstring(junit(full_matrix(), {}))
    for suite in root.iter("testsuite"):
        own = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(own)
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == sum(case.find(tag) is not None for case in own)


def test_characters_that_xml_has_no_place_for_are_replaced() -> None:
    matrix = make_matrix(make_cell("a\x00b\x1b", outcome="crashed", detail="\x08\ufffe ]]> </failure>"))
    case = cases(matrix)["a\ufffdb\ufffd/onnx/fp32"]
    failure = case.find("failure")
    assert failure is not None and failure.text == "\ufffd\ufffd ]]> </failure>"


def test_the_schema_refuses_what_is_not_junit() -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate('<testsuites><testsuite name="x"><case/></testsuite></testsuites>')


def test_an_entry_about_no_cell_is_a_failing_case() -> None:
    matrix = make_matrix(make_cell()).model_copy(update={"unmatched": ("targets/onnx/target.toml: no cell is like x",)})
    failure = cases(matrix)["targets/onnx/target.toml: no cell is like x"].find("failure")
    assert failure is not None and failure.attrib["type"] == "unmatched"


def test_a_cell_over_its_budget_fails_with_the_reason() -> None:
    matrix = make_matrix(make_cell(verdict="over_budget", over_budget=("artifact is 9 bytes, over 8",)))
    failure = cases(matrix)["mlp/onnx/fp32"].find("failure")
    assert failure is not None and "over budget: artifact is 9 bytes, over 8" in failure.attrib["message"]


def test_a_suite_tells_which_cells_were_repaired() -> None:
    matrix = make_matrix(make_cell(repairs=("tfjs-erfc", "onnx-axes")), make_cell("lstm"), make_cell(target="litert"))

    suites = {suite.attrib["name"]: suite for suite in xml.fromstring(junit(matrix, {})).iter("testsuite")}
    told = [(p.attrib["name"], p.attrib["value"]) for p in suites["onnx"].iter("property")]

    assert told == [("repaired: mlp/onnx/fp32", "tfjs-erfc"), ("repaired: mlp/onnx/fp32", "onnx-axes")]
    assert suites["litert"].find("properties") is None
    assert suites["onnx"].attrib["tests"] == "2"
