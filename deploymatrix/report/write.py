"""Write every report of one matrix into a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploymatrix.matrix.derived import without_contradicted
from deploymatrix.matrix.disagreement import read_disagreements
from deploymatrix.matrix.files import MEASUREMENTS, read_matrix, read_measurements
from deploymatrix.matrix.kept_logs import kept_log
from deploymatrix.matrix.records import Matrix
from deploymatrix.matrix.snapshots import read_states
from deploymatrix.project.findings import Finding
from deploymatrix.report.annotations import error_annotations
from deploymatrix.report.badges import badges
from deploymatrix.report.history import History
from deploymatrix.report.junit import junit
from deploymatrix.report.markdown import markdown
from deploymatrix.report.page import page
from deploymatrix.report.page_data import NO_FINDINGS
from deploymatrix.report.step_summary import step_summary


def write_reports(
    source: Path, out: Path, history: Sequence[Path] = (), findings: Mapping[str, Finding] = NO_FINDINGS
) -> list[Path]:
    """Write all reports of the matrix in `source` and return their files.

    history: earlier matrices or baselines, oldest first. findings: those whose repairs cells may name. Read the
    measurements.json beside a matrix if there is one. A cell whose own figures do not bear that it passed is shown red.
    Raise IncompleteRun or, for the history, ConfigurationError when a file is missing or is not what it should be.
    """
    matrix = _with_kept_logs(without_contradicted(read_matrix(source)), source.parent)
    measurements = read_measurements(source.with_name(MEASUREMENTS))
    earlier = [
        History(label=label, states=read_states(path)) for label, path in zip(_labels(history), history, strict=True)
    ]
    logs, found = _way(out, source.parent), read_disagreements(source.parent)
    texts = {
        "index.html": page(matrix, measurements, earlier, findings, logs=logs, disagreements=found),
        "matrix.md": markdown(matrix, measurements=measurements),
        "junit.xml": junit(matrix, measurements),
        "summary.md": step_summary(matrix),
        "annotations.txt": error_annotations(matrix),
        **{f"badges/{name}": text for name, text in badges(matrix).items()},
    }
    return [_write(out / name, text) for name, text in texts.items()]


def _with_kept_logs(matrix: Matrix, build: Path) -> Matrix:
    """Leave out the logs that are there and are no regular files: the page does not link to them."""
    cells = (cell.model_copy(update={"log": None}) if _is_planted(build, cell.log) else cell for cell in matrix.cells)
    return matrix.model_copy(update={"cells": tuple(cells)})


def _is_planted(build: Path, log: str | None) -> bool:
    return log is not None and os.path.lexists(build / log) and kept_log(build, log) is None


def _way(start: Path, end: Path) -> str:
    """Return the relative way from one folder to another, as a page's link takes it."""
    return Path(os.path.relpath(end.resolve(), start.resolve())).as_posix()


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return the files' names, or those of their folders where all files have the same name."""
    names = [path.stem for path in paths]
    if len(set(names)) == len(names) and "matrix" not in names:
        return names
    return [path.resolve().parent.name if path.stem == "matrix" else path.stem for path in paths]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
