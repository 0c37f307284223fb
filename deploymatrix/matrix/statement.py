"""The statement of a test result, as in-toto defines it, so that standard tools can sign it and check it.

Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
Test result v0.1: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from deploymatrix.matrix.gate import Decision
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.project.runners import Installer

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
# What package URLs call the registry that each installer takes packages from.
PACKAGES: Mapping[Installer, str] = {"pip": "pypi", "npm": "npm"}


def statement_of(
    matrix: Matrix, digest: str, decision: Decision, locks: Mapping[str, str], installers: Mapping[str, Installer]
) -> dict[str, Any]:
    """Return the statement: subjects are the artifacts' files, the configuration is all that decided the result.

    digest: SHA-256 of matrix.json. locks: by file. installers: by target.
    """
    configuration = [
        _descriptor(
            "matrix.json",
            digest,
            generator=matrix.generator,
            isolation=matrix.isolation,
            exporters=matrix.exporters or "not recorded",
        ),
        *(_descriptor(name, lock) for name, lock in sorted(locks.items())),
        *_images(matrix.cells),
        *_packages(matrix.cells, installers),
    ]
    return {
        "_type": STATEMENT,
        "subject": sorted(_subjects(matrix.cells), key=lambda subject: str(subject["name"])),
        "predicateType": TEST_RESULT,
        "predicate": {"result": _result(decision), "configuration": configuration, **_tests(matrix, decision)},
    }


def _result(decision: Decision) -> str:
    """Return PASSED where every cell did, and WARNED where the gate is open although a cell fails as expected or an
    exporter warned."""
    if not decision.is_open:
        return "FAILED"
    return "WARNED" if decision.expected or decision.warned else "PASSED"


def _tests(matrix: Matrix, decision: Decision) -> dict[str, list[str]]:
    """Return the cells by how they stand. One that fails as expected has failed: nobody may think that it runs."""
    taken = {cell.name for cell in matrix.cells if cell.verdict == "ok"}
    taken -= {*decision.refused, *decision.stale, *decision.missing}
    warned = taken & set(decision.warned)
    others = ({cell.name for cell in matrix.cells} | {*decision.missing, *decision.refused}) - taken
    return {"passedTests": sorted(taken - warned), "warnedTests": sorted(warned), "failedTests": sorted(others)}


def _subjects(cells: Iterable[Cell]) -> Iterator[dict[str, Any]]:
    """Yield each file of each artifact: a file's digest is what tools match it by."""
    for cell in cells:
        if cell.artifact is not None:
            files = {f"{cell.name}/{name}": sha for name, sha in cell.artifact.files.items()}
            for name, sha in (files or {cell.name: cell.artifact.sha256}).items():
                yield {"name": name, "digest": {"sha256": sha}}


def _images(cells: Iterable[Cell]) -> Iterator[dict[str, Any]]:
    images = {cell.target: cell.image.removeprefix("sha256:") for cell in cells if cell.image is not None}
    for target, image in sorted(images.items()):
        yield _descriptor(f"image of {target}", image, target=target)


def _packages(cells: Iterable[Cell], installers: Mapping[str, Installer]) -> Iterator[dict[str, Any]]:
    """Yield each package of a runtime or of a route's last step, as a package URL."""
    found: set[tuple[str, str, str, str]] = set()
    for cell in cells:
        for named, version in cell.versions.items():
            package = named.removeprefix(f"{cell.target}: ")
            user = f"target {cell.target}" if package != named else f"step {cell.steps[-1] if cell.steps else '-'}"
            kind = PACKAGES[installers[cell.target]] if package != named else "pypi"
            found.add((user, package, version, f"pkg:{kind}/{quote(package)}@{quote(version)}"))
    for user, package, _, uri in sorted(found):
        yield {"name": f"{package} of {user}", "uri": uri, "annotations": {"deploymatrix_used_by": user}}


def _descriptor(name: str, sha256: str, **notes: str) -> dict[str, Any]:
    annotations = {f"deploymatrix_{key}": value for key, value in notes.items()}
    return {"name": name, "digest": {"sha256": sha256}, **({"annotations": annotations} if annotations else {})}
