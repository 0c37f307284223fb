"""The states of cells: the few figures by which two runs are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_measurements
from deploymatrix.matrix.frozen import Frozen
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix, Outcome, Stage
from deploymatrix.numerics.failing import Failing
from deploymatrix.project.strict import Isolation

DIGITS = 4


class CellState(Frozen):
    """The state of a cell. bytes: of the artifact. headroom: of the worst output. run_s, eager_s: seconds.

    over_budget: it ran and answered rightly, yet is red.
    """

    outcome: Outcome
    fails: tuple[Failing, ...] = ()
    stage: Stage | None = None
    blame: str | None = None
    over_budget: bool = False
    bytes: int | None = None
    headroom: float | None = None
    run_s: float | None = None
    eager_s: float | None = None

    @property
    def is_green(self) -> bool:
        return self.outcome == "passed" and not self.over_budget

    @property
    def latency(self) -> float | None:
        """The run's median over eager float32 on the same machine: a ratio that other machines give, too."""
        return self.run_s / self.eager_s if self.run_s is not None and self.eager_s else None


class States(Frozen):
    """The states of cells by name. `selection`: the options of a run that did not take every cell."""

    schema_version: Literal[1] = 1
    generator: str
    isolation: Isolation
    selection: tuple[str, ...] = Field(default=(), exclude=True)
    cells: dict[str, CellState]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, state in self.cells.items() if state.outcome == "missing"))


def snapshot(matrix: Matrix, measurements: Mapping[str, Measurement]) -> States:
    """Take the states of a matrix's cells."""
    return States(
        generator=matrix.generator,
        isolation=matrix.isolation,
        selection=matrix.selection + (matrix.shard.parts if matrix.shard else ()),
        cells={cell.name: _state(cell, measurements.get(cell.name)) for cell in matrix.cells},
    )


def read_states(path: Path) -> States:
    """Read the states in a baseline.json, in a matrix.json (with the measurements beside it), or in a build folder.

    Raise ConfigurationError when there is no such file, or when it is neither.
    """
    file = path / MATRIX if path.is_dir() else path
    try:
        data = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise ConfigurationError(f"{file}: there is no such file; `deploymatrix baseline update` makes one") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: this is not JSON: {error}") from None
    try:
        if isinstance(data, dict) and isinstance(data.get("cells"), dict):
            return States.model_validate_json(json.dumps(data))
        matrix = Matrix.model_validate_json(json.dumps(data))
        return snapshot(matrix, read_measurements(file.with_name(MEASUREMENTS)))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{file}: this is neither a baseline nor a matrix: {key}: {first['msg']}") from None


def _state(cell: Cell, measurement: Measurement | None) -> CellState:
    return CellState(
        outcome=cell.outcome,
        fails=cell.fails,
        stage=cell.stage,
        blame=cell.blame,
        over_budget=cell.verdict == "over_budget",
        bytes=cell.artifact.bytes if cell.artifact else None,
        headroom=_rounded(worst_headroom(cell)),
        run_s=_rounded(measurement.run_s) if measurement else None,
        eager_s=_rounded(measurement.eager_s) if measurement else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
