"""Writes docs/findings/README.md from matrices of the zoo: python docs/rank_findings.py build/matrix.json …

One in fp32 of all models, and one of the core models in all variants; of a cell in both, the first counts. Wrong
answers come before what fails; then what meets more cells comes first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.project.findings import Finding, read_findings
from deploymatrix.project.project import Project

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "findings" / "README.md"
HARMS = ("wrong answers", "does not run", "no artifact")
HEAD = """# Findings, ranked

<!-- Made from a matrix of the zoo by `python docs/rank_findings.py`; do not edit. -->

Defects in exporters and runtimes that reference models meet, each with a reproducer: `deploymatrix findings` runs them,
and says which are gone. **Harm** is the worst that comes of it for a user of the plain converter: wrong answers without
a word, an artifact that its runtime does not run, or no artifact. **Repaired**: cells that pass because a step works
around it (†), of all models in fp32 and of the core models in every variant. **Expected**: cells that fail because of
it. What has neither is met by no cell, since a step goes another way from the start.

"""


def main() -> int:
    matrices = [read_matrix(Path(name)) for name in sys.argv[1:]]
    PAGE.write_text("".join(page(list(united(matrices).values()))), encoding="utf-8")
    return 0


def united(matrices: list[Matrix]) -> dict[str, Cell]:
    """Return each cell once, as the first matrix has it."""
    every = [cell for matrix in matrices for cell in matrix.cells]
    return {f"{cell.model}/{cell.target}/{cell.variant}": cell for cell in reversed(every)}


def page(every: list[Cell]) -> Iterator[str]:
    """Yield the page: a row for each finding."""
    yield HEAD
    yield row(["finding", "package", "harm", "repaired", "expected"])
    yield row(["---", "---", "---", "---:", "---:"])
    findings = read_findings(Project(root=ROOT, build=ROOT / "build"))
    cells = {name: (repaired(every, name), expected(every, name)) for name in findings}
    worst = {name: (HARMS.index(findings[name].spec.harm), -sum(map(len, cells[name])), name) for name in findings}
    for name in sorted(findings, key=lambda name: worst[name]):
        spec = findings[name].spec
        own = [linked(findings[name]), f"{spec.package} {spec.versions}", spec.harm]
        yield row([*own, *map(counted, cells[name])])
    full = [cell for cell in every if cell.variant == "fp32"]
    yield f"\nIn fp32, of {summed(full)}\n"
    if fewer := [cell for cell in every if cell.variant != "fp32" and cell.outcome != "unsupported"]:
        yield f"In variants of fewer bits that a step makes, of {summed(fewer)}\n"


def summed(cells: list[Cell]) -> str:
    passed = [cell for cell in cells if cell.outcome == "passed"]
    return (
        f"{len(cells)} cells of {len({cell.model for cell in cells})} models, {len(passed)} passed, "
        f"{sum(bool(cell.repairs) for cell in passed)} of them with a repair; {len(cells) - len(passed)} failed."
    )


def repaired(cells: list[Cell], name: str) -> list[Cell]:
    return [cell for cell in cells if cell.outcome == "passed" and name in cell.repairs]


def expected(cells: list[Cell], name: str) -> list[Cell]:
    link = f"docs/findings/{name}/"
    return [cell for cell in cells if cell.expectation and cell.expectation.link.startswith(link)]


def linked(finding: Finding) -> str:
    return f"[{finding.spec.title}]({finding.folder.name}/finding.md)"


def counted(cells: list[Cell]) -> str:
    """Write how many cells these are, and whose; nothing for none."""
    models = sorted({cell.model for cell in cells})
    return f"{len(cells)}: {', '.join(models)}" if cells else ""


def row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


if __name__ == "__main__":
    sys.exit(main())
