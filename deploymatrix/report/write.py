"""Every report of one matrix, written into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix import MEASUREMENTS, read_matrix
from deploymatrix.records import Measurement, Measurements
from deploymatrix.report.annotations import annotations
from deploymatrix.report.badges import badges
from deploymatrix.report.history import History
from deploymatrix.report.junit import junit
from deploymatrix.report.markdown import markdown
from deploymatrix.report.page import page
from deploymatrix.report.step_summary import step_summary


def write_reports(source: Path, out: Path, history: Sequence[Path] = ()) -> list[Path]:
    """Write all reports of the matrix in `source` and say which files they are.

    history: earlier matrices, oldest first. measurements.json beside `source` is read when it is there.
    Raises IncompleteRun when a file is not there or not what it should be.
    """
    matrix = read_matrix(source)
    measurements = _measurements(source.with_name(MEASUREMENTS))
    earlier = [History.of(label, read_matrix(path)) for label, path in zip(_labels(history), history, strict=True)]
    texts = {
        "index.html": page(matrix, measurements, earlier),
        "matrix.md": markdown(matrix),
        "junit.xml": junit(matrix, measurements),
        "summary.md": step_summary(matrix),
        "annotations.txt": annotations(matrix),
        **{f"badges/{name}": text for name, text in badges(matrix).items()},
    }
    return [_write(out / name, text) for name, text in texts.items()]


def _measurements(path: Path) -> dict[str, Measurement]:
    if not path.exists():
        return {}
    try:
        read = Measurements.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise IncompleteRun(f"{path}: not measurements of this version: {where}: {first['msg']}; run again") from None
    return {measurement.cell: measurement for measurement in read.cells}


def _labels(paths: Sequence[Path]) -> list[str]:
    """The files' names, or their folders' where all files have the same name."""
    names = [path.stem for path in paths]
    if len(set(names)) == len(names) and "matrix" not in names:
        return names
    return [path.resolve().parent.name if path.stem == "matrix" else path.stem for path in paths]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
