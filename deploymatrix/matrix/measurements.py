"""measurements.json: seconds and MiB of each cell. It lies beside the matrix, because times differ from run to run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploymatrix.matrix.frozen import Frozen


class Measurement(Frozen):
    """Seconds and MiB of one cell's tasks; a cached task keeps what it took when it was executed.

    latency_ratio, memory_ratio: run_s and peak_mb over those of the cell that it stands beside (`Cell.beside`); absent
    where that has none, and of times that two machines took. For people: the gate divides anew.
    """

    cell: str
    cached: bool
    export_s: float | None = None
    load_s: float | None = None
    run_s: Annotated[float | None, Field(description="median over the samples; null of a device or an emulator")] = None
    fastest_s: Annotated[float | None, Field(description="the fastest of these runs")] = None
    peak_mb: float | None = None
    eager_s: Annotated[float | None, Field(description="eager float32 on the same machine, a sample")] = None
    latency_ratio: float | None = None
    memory_ratio: float | None = None


class PartOfRun(Frozen):
    """What one part of a run took: seconds of wall time, and how many exports and runs it executed."""

    wall_s: float
    exports: int
    runs: int


class Measurements(Frozen):
    """The file."""

    schema_version: Literal[1] = 1
    wall_s: float
    exports: int
    runs: int
    parts: dict[str, PartOfRun] = Field(
        default_factory=dict, description="by part, as given to --shard; 1/1 is a whole run"
    )
    cells: tuple[Measurement, ...]
