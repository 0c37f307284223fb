"""JUnit XML: every cell is a test case, so that any CI host shows the matrix as test results.

It keeps to the schema of Jenkins' xUnit plugin (tests/unit/report/junit-10.xsd).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.etree import ElementTree as xml

from deploymatrix.matrix.counts import count
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix

INFRASTRUCTURE = frozenset({"environment_failed", "reference_failed", "missing"})

# What XML 1.0 has no place for, not even escaped: https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(matrix: Matrix, measurements: Mapping[str, Measurement]) -> str:
    """Write the XML: a suite for each target, a case for each cell.

    A red cell is a failure, and so is an entry without a cell; a red cell without an answer (no environment, no
    reference, no result) is an error. A cell that failed as expected is skipped, with the reason. Times are of
    export, load and run. Properties of a suite tell which cells were made with a repair, and of what. The name of the
    whole says so where the matrix is a part of the plan.
    """
    partial = count(matrix).partial
    root = xml.Element("testsuites", name=f"deploymatrix ({partial})" if partial else "deploymatrix")
    by_target = sorted(matrix.cells, key=lambda cell: (cell.target, cell.name))
    for target, group in groupby(by_target, key=lambda cell: cell.target):
        suite = xml.SubElement(root, "testsuite", name=_text(target))
        cells = list(group)
        _properties(suite, cells)
        for cell in cells:
            _case(suite, cell, measurements.get(cell.name))
    if matrix.unmatched:
        suite = xml.SubElement(root, "testsuite", name="entries without a cell")
        for line in matrix.unmatched:
            _unmatched(suite, line)
    for suite in root:
        _count(suite)
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _properties(suite: xml.Element, cells: Sequence[Cell]) -> None:
    repairs = [(cell.name, repair) for cell in cells for repair in cell.repairs]
    if repairs:
        properties = xml.SubElement(suite, "properties")
        for name, repair in repairs:
            xml.SubElement(properties, "property", name=_text(f"repaired: {name}"), value=_text(repair))


def _case(suite: xml.Element, cell: Cell, measurement: Measurement | None) -> None:
    case = xml.SubElement(suite, "testcase", name=_text(cell.name), classname=_text(f"{cell.target}.{cell.variant}"))
    case.set("time", f"{_seconds(measurement):.3f}")
    if cell.verdict == "ok":
        return
    if cell.verdict == "expected" and cell.expectation:
        xml.SubElement(case, "skipped", message=_text(f"{cell.said}: {cell.expectation.reason}"))
        return
    tag = "error" if cell.outcome in INFRASTRUCTURE else "failure"
    red = xml.SubElement(case, tag, type=_type(cell), message=_text(explain_red(cell)))
    red.text = _text(cell.detail)


def _unmatched(suite: xml.Element, line: str) -> None:
    case = xml.SubElement(suite, "testcase", name=_text(line), classname="entries", time="0")
    xml.SubElement(case, "failure", type="unmatched", message=_text(line))


def _count(suite: xml.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))


def _type(cell: Cell) -> str:
    return cell.said if cell.verdict == "failed" else cell.verdict


def _seconds(measurement: Measurement | None) -> float:
    if measurement is None:
        return 0.0
    return sum(s for s in (measurement.export_s, measurement.load_s, measurement.run_s) if s is not None)


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
