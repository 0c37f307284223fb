"""The record of finding.toml: a defect in an exporter or a runtime, and what shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploymatrix.project.strict import FolderName, Seconds, Strict

Sentence = Annotated[str, Field(min_length=10, pattern=r"^[^\r\n]+$")]


class FindingSpec(Strict):
    """docs/findings/<name>/finding.toml.

    `sees`: what a user of the plain converter sees; `harm`: the worst that can come of it. `environment`: where
    repro.py runs; `source`: where make.py runs before it, which leaves in the working folder what repro.py converts;
    `target`: whose runtime repro.py uses besides. `package`, `versions`: what the defect is in, as the
    lock of that environment or of that target pins it. `repairs`: the files that hold the repair.
    """

    title: Sentence
    sees: Sentence
    harm: Literal["wrong answers", "does not run", "no artifact"]
    environment: FolderName
    source: FolderName | None = None
    target: FolderName | None = None
    package: Annotated[str, Field(min_length=1)]
    versions: Annotated[str, Field(min_length=1)]
    issue: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    repairs: tuple[str, ...] = ()
    timeout_s: Seconds = 300.0
