"""Findings are folders of docs/findings/, in the project's own tree or the shipped one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.findings import pick_findings, read_findings
from tests.fakes.tree import REPOSITORY, Tree
from tests.runtimes import SHIPPED

FINDING = """
title = "The exporter swaps the outputs"
sees = "The outputs come in the other order."
harm = "wrong answers"
environment = "numpy"
package = "numpy"
versions = "2.4.6"
"""


def test_a_projects_own_finding_takes_the_place_of_a_shipped_one(tree: Tree) -> None:
    tree.write("docs/findings/tfjs-erfc/finding.toml", FINDING)
    tree.write("docs/findings/swapped/finding.toml", FINDING + 'issue = "https://example.org/1"')

    findings = read_findings(replace(tree.project(), shipped=REPOSITORY))

    assert list(findings) == sorted(findings) and "onnx2tf-output-axes" in findings
    assert findings["tfjs-erfc"].spec.title == "The exporter swaps the outputs"
    assert findings["tfjs-erfc"].link == "docs/findings/tfjs-erfc/finding.md"
    assert findings["swapped"].link == "https://example.org/1"


def test_a_project_without_findings_has_none(tree: Tree) -> None:
    assert read_findings(tree.project()) == {}


def test_a_mistake_names_the_file_and_the_key(tree: Tree) -> None:
    tree.write("docs/findings/swapped/finding.toml", FINDING + 'repair = ["pipelines/npz/from_numpy.py"]')

    with pytest.raises(ConfigurationError, match=r"swapped/finding\.toml: repair"):
        read_findings(tree.project())


def test_an_unknown_finding_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'tfjs-erfc'"):
        pick_findings(SHIPPED, ["tfjs-erf"])


@pytest.mark.parametrize("name", read_findings(SHIPPED))
def test_a_shipped_finding_is_whole(name: str) -> None:
    finding = read_findings(SHIPPED)[name]
    spec = finding.spec

    assert (finding.folder / "finding.md").is_file() and (finding.folder / "repro.py").is_file()
    assert (finding.folder / "make.py").is_file() == (spec.source is not None)
    assert all((REPOSITORY / file).is_file() for file in spec.repairs)
    assert all(SHIPPED.environment_lock(e).is_file() for e in (spec.environment, spec.source) if e)
    assert spec.target is None or spec.target in SHIPPED.targets
    locks = [SHIPPED.environment_lock(spec.environment)]
    locks += [SHIPPED.runtime_lock(SHIPPED.targets[spec.target])] if spec.target is not None else []
    assert any(spec.versions in lock.read_text(encoding="utf-8") for lock in locks)


def test_each_repair_that_a_step_names_is_a_finding_and_points_back() -> None:
    findings = read_findings(SHIPPED)
    steps = sorted((REPOSITORY / "pipelines").glob("*/*.py"))  # steps, and modules beside them

    for name, finding in findings.items():
        named = [relative(step) for step in steps if f'"{name}"' in step.read_text(encoding="utf-8")]
        assert named == [file for file in finding.spec.repairs if file.endswith(".py")], name


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()
