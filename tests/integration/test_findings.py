"""The findings, really run: each defect is still there, and shows what its page says."""

from __future__ import annotations

import pytest

from deploymatrix.project.findings import read_findings
from deploymatrix.repro.findings import show
from tests.runtimes import SHIPPED

FINDINGS = read_findings(SHIPPED)
VARYING = {"tflite-unowned-variables"}  # it shows what lies in memory


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_is_still_there_and_shows_what_its_page_says(name: str) -> None:
    shown = show(SHIPPED, FINDINGS[name], print)

    assert shown.state == "still there", shown.line()
    page = (FINDINGS[name].folder / "finding.md").read_text(encoding="utf-8")
    assert f"deploymatrix findings {name}` prints" in page
    assert f"still there: {shown.said}\n" in page or name in VARYING
