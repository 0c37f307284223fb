"""What a run leaves behind: the records of cells and the matrix. Versioned and validated; measurements.py has times."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field, field_validator

from deploymatrix.matrix.accuracy import AccuracyRecord
from deploymatrix.matrix.frozen import Frozen
from deploymatrix.matrix.kept_logs import LogName
from deploymatrix.matrix.layers import LayerRecord
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.numerics.failing import Failing, named
from deploymatrix.numerics.shapes import words
from deploymatrix.project.strict import FolderName, Isolation

Outcome = Literal[
    "passed",
    "unstable",
    "mismatch",
    "nonfinite",
    "io_mismatch",
    "export_failed",
    "load_failed",
    "run_failed",
    "crashed",
    "timed_out",
    "out_of_memory",
    "environment_failed",
    "reference_failed",
    "exported",
    "unsupported",
    "missing",
]
Stage = Literal["plan", "reference", "environment", "export", "load", "run", "compare"]
Verdict = Literal["ok", "expected", "failed", "unexpected_pass", "unexpected_outcome", "expired", "over_budget"]

VERDICTS_THAT_PASS: frozenset[str] = frozenset({"ok", "expected"})


class Artifact(Frozen):
    """The exported files: digest and size.

    `files`: the digest of each file by its name, where there are several; `sha256` is then the digest of that list.
    """

    sha256: str
    bytes: int
    files: dict[str, str] = Field(default={})


class WarningRecord(Frozen):
    """What an exporter said about the truth of its artifact, and what it means.

    `rule`: the rule that found it, in a pipeline.toml.
    """

    step: str
    rule: str
    text: str
    means: str = ""


class ExpectationRecord(Frozen):
    """The reviewed entry that a cell matched, as it stands in a file. `expires`: its last day, as an ISO date."""

    cell: str
    outcome: str
    stage: str | None
    reason: str
    link: str
    file: str
    expires: str | None = None


class Cell(Frozen):
    """What happened to one model on one target in one variant, and the gate's verdict on it."""

    model: str
    framework: str
    family: str
    target: str
    variant: str
    route: tuple[str, ...]
    steps: tuple[str, ...]
    inputs: str = Field(default="", description="digest of the files of the project that the result depends on")
    reads: dict[str, str] = Field(
        default={}, description="files that user code was seen to read beside these, and their digests"
    )
    outcome: Outcome
    fails: tuple[Failing, ...] = Field(
        default=(), description="of a mismatch of what is quantised: which of its judgements it fails"
    )
    stage: Stage | None = None
    blame: str | None = None
    detail: str = ""
    changes: tuple[str, ...] = ()
    repairs: tuple[FolderName, ...] = Field(
        default=(), description="findings whose defects the route's steps repaired, in the order of the steps"
    )
    warnings: tuple[WarningRecord, ...] = Field(
        default=(), description="what the route's exporters said about the truth of their artifacts"
    )
    artifact: Artifact | None = None
    processor: str = Field(
        default="", description="the kind of processor that alone runs the artifact, being machine code; empty: any"
    )
    isolation: Isolation | None = None
    image: str | None = None
    versions: dict[str, str] = Field(default={})
    samples: int = 0
    static: dict[str, int] = Field(
        default={}, description="dims that the artifact has at one size only; it was judged on samples of that size"
    )
    sizes: tuple[dict[str, int], ...] = Field(
        default=(), description="the sizes of the dims in each judged sample; empty for a model without dims"
    )
    own_samples: str = Field(
        default="",
        description="where own samples lie, how many were drawn besides, what was expected of them; empty: all drawn",
    )
    calibration: str = Field(
        default="", description="the samples that ranges were taken from, and their digest; empty: from none"
    )
    checks: tuple[str, ...] = Field(
        default=(), description="what was varied to see whether answers are stable: repeat, load, order, threads"
    )
    target_class: str = Field(default="", description="the first tag of the target: what it is for")
    device: str = Field(
        default="", description="what computed, as the runtime names it; no latency is told of it; empty: the processor"
    )
    platform: str = Field(default="", description="what the runtime is built for; empty: the machine that it ran on")
    emulated: bool = Field(
        default=False, description="whether that machine emulated the platform's; no latency is told of it"
    )
    outputs: tuple[OutputRecord, ...] = ()
    yardstick: Literal["float64", "float32"] = Field(
        default="float64", description="what the reference was computed in; float32 where the model's code rounds to it"
    )
    beside: str = Field(
        default="", description="the variant of the same model and target that its figures stand beside; empty: none"
    )
    size_ratio: float | None = Field(
        default=None, description="bytes of the artifact over those of the cell beside it; null where one has none"
    )
    alone: str = Field(
        default="",
        description="why nothing is to answer for the quantised artifact in exact arithmetic: judged by loss alone",
    )
    accuracy: AccuracyRecord | None = Field(
        default=None, description="what the answers are worth, by the model's metric or by the decisions of float64"
    )
    layers: tuple[LayerRecord, ...] = Field(
        default=(), description="of an artifact that fails by itself: the layers that bring in most noise, worst first"
    )
    drift: dict[str, float] = Field(
        default={}, description="by output, the largest difference among the answers of all checks; absent where none"
    )
    entries: dict[str, str] = Field(
        default={}, description="the keys under which the store holds the result: artifacts, runs, cells"
    )
    log: LogName | None = None
    verdict: Verdict = "failed"
    expectation: ExpectationRecord | None = None
    over_budget: tuple[str, ...] = Field(default=(), description="why the verdict is over_budget, a line each")

    @property
    def said(self) -> str:
        """The outcome, and of what is quantised also what it fails, such as "mismatch (fidelity)"."""
        return named(self.outcome, self.fails)

    @property
    def fixed(self) -> str:
        """The sizes at which alone the artifact works, such as "time=32"; empty where it is as free as the model."""
        return words(self.static)

    @property
    def name(self) -> str:
        return f"{self.model}/{self.target}/{self.variant}"


class Shard(Frozen):
    """Which parts a matrix holds that is not the whole, and the plan of the whole."""

    parts: tuple[str, ...] = Field(description="as given to --shard, sorted")
    plan: str = Field(description="digest of the names of all planned cells")
    cells: tuple[str, ...] = Field(description="the names of all planned cells, sorted")


class Matrix(Frozen):
    """matrix.json: every planned cell, sorted by name. The same results give the same bytes."""

    schema_version: Literal[1] = 1
    generator: str
    isolation: Isolation
    exporters: Isolation | None = Field(default=None, description="where models and exporters ran; null: not recorded")
    selection: tuple[str, ...] = Field(
        default=(), description="what was selected, or the default that held; empty: every cell"
    )
    shard: Shard | None = Field(default=None, description="null: every planned cell is here")
    planned: int | None = Field(
        default=None, description="how many cells the project plans, or its default where that held; null: not recorded"
    )
    locks: dict[str, str] = Field(
        default={}, description="by file, the digest of each lock of the plan's exporters and runtimes"
    )
    cells: tuple[Cell, ...]
    unmatched: tuple[str, ...] = Field(
        default=(), description="entries that match no planned cell, and what to edit: red"
    )

    @property
    def ran_in(self) -> str:
        """Say where artifacts ran, and of exporters where they ran in containers, too."""
        return f"{self.isolation}, exporters too" if self.exporters == "docker" else self.isolation

    @property
    def circumstances(self) -> str:
        """Say in what isolation the cells were decided, and by which default they were chosen, if not all were."""
        default = [option for option in self.selection if option.startswith("default")]
        return "; ".join([f"isolation: {self.ran_in}", *default])

    @field_validator("cells")
    @classmethod
    def _no_cell_stands_twice(cls, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
        twice = [name for name, count in Counter(cell.name for cell in cells).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]} stands in it more than once; nobody knows which record counts")
        return cells


NOT_REPRODUCIBLE = {
    "missing": "it has no result; run the cell",
    "exported": "its runtime runs on another system; run the cell there",
    "unsupported": "it has no route, so nothing was tried",
    "environment_failed": "its environment could not be made; `deploymatrix doctor` may tell more",
}
