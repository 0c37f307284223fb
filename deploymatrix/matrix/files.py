"""Write matrix.json and measurements.json in canonical form, and validate them when they are read."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix.measurements import Measurement, Measurements
from deploymatrix.matrix.records import Matrix
from deploymatrix.store.files import write_json

MATRIX = "matrix.json"
MEASUREMENTS = "measurements.json"


def write_matrix(matrix: Matrix, folder: Path) -> None:
    """Write matrix.json: canonical, so that the same results give the same bytes."""
    write_json(folder / MATRIX, matrix)


def read_matrix(path: Path) -> Matrix:
    """Read the matrix in a file. Raise IncompleteRun when there is no such file, or when it is not a matrix."""
    try:
        return Matrix.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise IncompleteRun(f"{path}: there is no matrix yet; `deploymatrix run` makes it") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise IncompleteRun(f"{path}: this is not a matrix of this version: {key}: {first['msg']}; run again") from None


def read_measurements(path: Path) -> dict[str, Measurement]:
    """Read the measurements in a file, by cell; return none when there is no such file.

    Raise IncompleteRun when it is not a file of measurements of this version.
    """
    if not path.is_file():
        return {}
    try:
        measurements = Measurements.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]["msg"]
        raise IncompleteRun(f"{path}: these are not measurements of this version: {first}; run again") from None
    return {measurement.cell: measurement for measurement in measurements.cells}
