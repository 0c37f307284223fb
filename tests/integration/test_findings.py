"""The findings, really run: each defect is still there, and shows what its page says.

Those that were seen as they are now are long: they run every night.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from deploymatrix.project.findings import read_findings
from deploymatrix.repro.findings import Shown, show
from tests.runtimes import SHIPPED
from tests.seen_findings import digest_of, noted

FINDINGS, NOTED = read_findings(SHIPPED), noted()
SEEN = {name for name, finding in FINDINGS.items() if NOTED.get(name) == digest_of(SHIPPED, finding)}
PARAMS = [pytest.param(name, marks=[pytest.mark.long] if name in SEEN else []) for name in FINDINGS]
# It shows what lies in memory; what the CPU does.
VARYING = {"tflite-unowned-variables", "onnxruntime-int8-saturation"}


@pytest.fixture(scope="module")
def shown(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Shown]]]:
    """What the selected reproducers say: two at a time, since each imports a framework on one core."""
    params = (getattr(item, "callspec", None) for item in request.session.items)
    selected = {call.params["finding"] for call in params if call is not None and "finding" in call.params}
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(show, SHIPPED, FINDINGS[name], print) for name in FINDINGS if name in selected}


@pytest.mark.parametrize("finding", PARAMS)
def test_a_finding_is_still_there_and_shows_what_its_page_says(finding: str, shown: dict[str, Future[Shown]]) -> None:
    said = shown[finding].result()

    assert said.state == "still there", said.line()
    page = (FINDINGS[finding].folder / "finding.md").read_text(encoding="utf-8")
    assert f"deploymatrix findings {finding}` prints" in page
    assert f"still there: {said.said}\n" in page or finding in VARYING
