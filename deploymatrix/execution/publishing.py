"""What a run leaves for others to read: matrix.json and measurements.json. Several runs may write to one build folder.

The run that ends last has the last word. It says so, where that drops what another one had decided.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix.disagreement import DISAGREEMENT, Disagreements
from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_matrix, write_matrix
from deploymatrix.matrix.measurements import Measurements
from deploymatrix.matrix.records import Matrix
from deploymatrix.say import Say
from deploymatrix.store import digests
from deploymatrix.store.files import write_json
from deploymatrix.store.live_runs import live_runs
from deploymatrix.store.locks import held


class Publisher:
    """Writes the matrix of one run into a build folder."""

    def __init__(self, build: Path, say: Say) -> None:
        self._build = build
        self._say = say
        self._mine: str | None = None  # digest of the matrix that this run has written

    def begin(self, missing: Matrix) -> None:
        """Write the matrix without a result; say so if another run is under way."""
        if len(live_runs(self._build)) > 1:
            self._say(
                f"another run is under way in {self._build}: what both need is done once, and matrix.json will hold "
                "the cells of the one that ends last"
            )
        with self._alone():
            self._write(missing)

    def end(self, matrix: Matrix, measurements: Measurements, found: Disagreements) -> None:
        """Write the results; say what of another run that takes away."""
        with self._alone():
            others = self._of_another_run()
            self._write(matrix)
            write_json(self._build / MEASUREMENTS, measurements)
            write_json(self._build / DISAGREEMENT, found)
        if others is not None and others.cells != matrix.cells:
            gone = sorted({cell.name for cell in others.cells} - {cell.name for cell in matrix.cells})
            lost = f", and {len(gone)} are no longer in it ({gone[0]}, …)" if gone else ""
            self._say(
                f"{self._build / MATRIX}: another run wrote its {len(others.cells)} cells meanwhile; the "
                f"{len(matrix.cells)} of this run replace them{lost}; all results are in the store, from where "
                "`deploymatrix run` takes them at once"
            )

    def _alone(self) -> AbstractContextManager[None]:
        return held(self._build / f".{MATRIX}.lock")

    def _write(self, matrix: Matrix) -> None:
        write_matrix(matrix, self._build)
        self._mine = digests.of_file(self._build / MATRIX)

    def _of_another_run(self) -> Matrix | None:
        """Return the matrix that another run has written since this one began, if it holds any result."""
        path = self._build / MATRIX
        if path.is_file() and digests.of_file(path) == self._mine:
            return None
        try:
            found = read_matrix(path)
        except IncompleteRun:  # removed, or of another version: there is nothing to take away
            return None
        return found if any(cell.outcome != "missing" for cell in found.cells) else None
