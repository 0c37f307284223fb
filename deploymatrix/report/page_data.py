"""The data of the page: the matrix column by column, with each string and each repeated value stored once.

Two blocks. The grid's columns are plain JSON and read at once; what only a cell's panel shows is compressed and read
when the first panel opens. A thousand models on fourteen targets fit into 5 MB this way.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.causes import cause_of
from deploymatrix.matrix.counts import STANDINGS, count
from deploymatrix.matrix.diff import Diff
from deploymatrix.matrix.disagreement import Disagreement
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.output_records import OutputRecord, StepsRecord, WorstRecord
from deploymatrix.matrix.records import NOT_REPRODUCIBLE, Cell, Matrix
from deploymatrix.project.findings import Finding
from deploymatrix.report.accuracy import accuracy_words
from deploymatrix.report.device import device_words, platform_words
from deploymatrix.report.history import History
from deploymatrix.report.stability import stability
from deploymatrix.report.symbols import SYMBOLS, VERDICT_SYMBOLS, VERDICT_WORDS
from deploymatrix.report.worth import NO_TIMES, by_variant, note, pointed_out, worth

T = TypeVar("T", bound=Hashable)

FIRST_LINE = 200
COLUMNS = ("target", "variant", "outcome", "stage", "verdict")
TEXTS: dict[str, Callable[[Cell], str]] = {
    "note": lambda cell: _first_line(cell.detail),
    "cause": lambda cell: cause_of(cell),
    "fixed": lambda cell: cell.fixed,
}
NONE_KNOWN: Mapping[tuple[str, str], Disagreement] = {}
NO_FINDINGS: Mapping[str, Finding] = {}
DIGITS = 4


class Strings(Generic[T]):
    """Distinct values in order of first use; a column holds their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> list[T]:
        return list(self._numbers)


def grid_block(
    matrix: Matrix,
    history: Sequence[History],
    difference: Diff | None,
    logs: str = "..",
    measurements: Mapping[str, Measurement] = NO_TIMES,
) -> dict[str, Any]:
    """Collect what grid, filters and totals need; a column has an entry for each cell.

    difference: to the last run. logs: the way from the page's folder to the one that the cells' logs are named from.
    """
    changes = {cell_diff.cell: cell_diff.change for cell_diff in difference.cells} if difference else {}
    columns, models, tables = _columns(matrix)
    columns["change"] = [_shown_change(changes.get(cell.name)) for cell in matrix.cells] if difference else []
    return {
        "generator": matrix.generator,
        "isolation": matrix.ran_in,
        "selection": list(matrix.selection),
        "partial": count(matrix).partial,
        "standings": dict(STANDINGS),
        "symbols": {outcome: symbol._asdict() for outcome, symbol in SYMBOLS.items()},
        "verdictSymbols": {verdict: symbol._asdict() for verdict, symbol in VERDICT_SYMBOLS.items()},
        "verdicts": dict(VERDICT_WORDS),
        "models": models,
        "tables": tables,
        "columns": columns,
        "whole": sorted({cell.beside for cell in matrix.cells if cell.beside}),
        "notes": list(_notes(matrix, measurements)),
        "history": [matrix.label for matrix in history],
        "removed": [cell_diff.cell for cell_diff in difference.of("removed")] if difference else [],
        "unmatched": list(matrix.unmatched),
        "irreproducible": NOT_REPRODUCIBLE,
        "logs": logs,
    }


def _columns(matrix: Matrix) -> tuple[dict[str, list[Any]], list[tuple[str, str, str]], dict[str, list[str]]]:
    """Return the columns of all cells; the models and, by column, the texts that numbers in them stand for."""
    models: Strings[tuple[str, str, str]] = Strings()
    tables: dict[str, Strings[str]] = {name: Strings() for name in (*COLUMNS, "said", *TEXTS)}
    columns: dict[str, list[Any]] = {"model": [models.number((c.model, c.framework, c.family)) for c in matrix.cells]}
    for name, table in tables.items():
        text = TEXTS.get(name)
        columns[name] = [table.number(text(cell) if text else getattr(cell, name) or "") for cell in matrix.cells]
    columns["headroom"] = [_rounded(worst_headroom(cell), 3) for cell in matrix.cells]
    columns["sizeRatio"] = [cell.size_ratio for cell in matrix.cells]
    columns["repaired"] = [int(bool(cell.repairs)) for cell in matrix.cells]
    columns["warned"] = [int(bool(cell.warnings)) for cell in matrix.cells]
    columns["exported"] = [int(cell.artifact is not None) for cell in matrix.cells]
    return columns, models.values(), {name: table.values() for name, table in tables.items()}


def panel_block(
    matrix: Matrix,
    measurements: Mapping[str, Measurement],
    history: Sequence[History],
    difference: Diff | None,
    detail_limit: int,
    findings: Mapping[str, Finding] = NO_FINDINGS,
    disagreements: Mapping[tuple[str, str], Disagreement] = NONE_KNOWN,
) -> dict[str, Any]:
    """Collect what a panel needs beyond the grid's columns. detail_limit: characters of each detail."""
    reasons = {cell_diff.cell: list(cell_diff.reasons) for cell_diff in difference.cells} if difference else {}
    shown = dict.fromkeys((cell.model, cell.variant) for cell in matrix.cells)
    values: Strings[str] = Strings()  # JSON of any repeated value
    cells = []
    for cell in matrix.cells:
        parts = _described(cell, detail_limit, reasons.get(cell.name, [])) + _worth(cell, measurements)
        described = [values.number(_json(part)) for part in parts]
        sha256, size = (cell.artifact.sha256, cell.artifact.bytes) if cell.artifact else (None, None)
        outputs = [_output(output, values) for output in cell.outputs]
        cells.append([*described, sha256, size, outputs, _measured(measurements.get(cell.name)), _task(cell)])
    return {
        "values": [json.loads(value) for value in values.values()],
        "cells": cells,
        "history": [past.column(matrix.cells) for past in history],
        "findings": {name: [finding.spec.title, finding.link] for name, finding in findings.items()},
        "disagreements": [disagreements[key].model_dump(mode="json") for key in shown if key in disagreements],
    }


def embed(block: Mapping[str, Any]) -> str:
    """Write JSON for the inside of a <script> element: nothing in it can end the element or open a comment."""
    text = _json(block)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def compress(block: Mapping[str, Any]) -> str:
    """Return the base64 of the gzip of the JSON; the same block gives the same text."""
    return base64.b64encode(gzip.compress(_json(block).encode(), compresslevel=9, mtime=0)).decode()


def _described(cell: Cell, detail_limit: int, reasons: list[str]) -> list[Any]:
    """List a cell's fields in the order in which data.js reads them."""
    return [
        list(cell.route),
        list(cell.steps),
        cell.blame,
        _shortened(cell.detail, detail_limit),
        list(cell.changes),
        cell.isolation,
        cell.image,
        dict(cell.versions),
        f"{cell.samples}: {cell.own_samples}" if cell.own_samples else str(cell.samples or ""),
        cell.log,
        cell.expectation.model_dump(mode="json") if cell.expectation else None,
        list(cell.over_budget),
        reasons,
        [warning.model_dump(mode="json") for warning in cell.warnings],
        list(cell.repairs),
        stability(cell),
        [", ".join(f"{name}={size}" for name, size in sizes.items()) for sizes in cell.sizes],
        cell.yardstick,
        accuracy_words(cell.accuracy),
        device_words(cell),
        platform_words(cell),
    ]


def _worth(cell: Cell, measurements: Mapping[str, Measurement]) -> list[str]:
    """List in words what a cell is beside full precision, and what that buys, as data.js reads them."""
    found = worth(cell, measurements)
    return [found.words, note(found) if found.buys else ""]


def _notes(matrix: Matrix, measurements: Mapping[str, Measurement]) -> Iterator[dict[str, Any]]:
    """Yield for each target and variant that buys nothing what to say, and the names of its cells."""
    for (buys, target, variant), group in by_variant(pointed_out(matrix.cells, measurements)):
        yield {"text": f"{target} {variant} buys {buys} for", "cells": [found.cell.name for found in group]}


def _output(output: OutputRecord, values: Strings[str]) -> list[Any]:
    limits = [_rounded(output.limit), _rounded(output.eager_error)]
    described = [output.name, output.dtype, list(output.shape), *limits, output.problem]
    measured = [_rounded(output.max_abs), _rounded(output.error), _rounded(output.cosine, 8), _rounded(output.snr_db)]
    errors = [_rounded(error) for error in output.sample_errors]
    return [values.number(_json(described)), *measured, errors, _worst(output.worst), _steps(output.steps)]


def _steps(steps: StepsRecord | None) -> list[list[float | None]] | None:
    """List errors, limits and noise of each step in the order in which data.js reads them."""
    if steps is None:
        return None
    return [[_rounded(value) for value in values] for values in (steps.errors, steps.limits, steps.noise)]


def _worst(worst: WorstRecord | None) -> list[Any] | None:
    """List the fields of the worst slice in the order in which data.js reads them."""
    if worst is None:
        return None
    figures = [_rounded(value) for value in (worst.error, worst.limit, worst.share)]
    place = [worst.axis, worst.index, worst.far, worst.sample]
    return [*place, *figures, list(worst.position), worst.heat_axis, worst.heat]


def _measured(measurement: Measurement | None) -> list[float | None] | None:
    if measurement is None:
        return None
    m = measurement
    return [_rounded(value) for value in (m.export_s, m.load_s, m.run_s, m.peak_mb, m.eager_s)]


def _task(cell: Cell) -> list[Any] | None:
    """List the name of the task's metric and its figure; None without labels, or where less is better."""
    accuracy = cell.accuracy
    if accuracy is None or accuracy.kind in ("agreement", "mse"):
        return None
    return [accuracy.kind, _rounded(accuracy.variant)]


def _shown_change(change: str | None) -> str:
    return "" if change in (None, "unchanged") else str(change)


def _rounded(number: float | None, digits: int = DIGITS) -> float | None:
    """Round to significant digits; return None for what is not finite, which JSON cannot represent."""
    if number is None or not math.isfinite(number):
        return None
    return float(f"{number:.{digits}g}")


def _first_line(detail: str) -> str:
    return next((line.strip() for line in detail.splitlines() if line.strip()), "")[:FIRST_LINE]


def _shortened(text: str, limit: int) -> str:
    """Return the head and the tail of a long text, and the length of what lies between."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out; matrix.json has them …\n{text[-half:]}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
