"""What a cell's answers are worth, in words and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable

from deploymatrix.matrix.accuracy import COUNTED, AccuracyRecord
from deploymatrix.matrix.records import Cell

HEAD = ("cell", "metric", "samples", "float64", "float32", "this one", "drop", "budget", "agrees with float64")


def accuracy_words(accuracy: AccuracyRecord | None) -> str:
    """Say it in one line; nothing where nothing was measured."""
    if accuracy is None:
        return ""
    same = "" if accuracy.agreement is None else f"decides as float64 in {accuracy.agreement:.1%}"
    if accuracy.kind == "agreement":
        return f"{same} of {accuracy.decisions} decisions, without labels"
    figures = [("float64", accuracy.float64), ("float32", accuracy.float32), ("this one", accuracy.variant)]
    shown = ", ".join(f"{name} {_figure(accuracy, value)}" for name, value in figures)
    lost = "" if accuracy.lost is None else f" ({accuracy.lost} lost, {accuracy.won} won)"
    drop = f"drop {_points(accuracy.drop)} of at most {_points(accuracy.budget)}{lost}"
    about = f"{accuracy.kind} over {accuracy.samples} labelled samples: {shown}"
    return "; ".join(part for part in (about, drop, same) if part)


def accuracy_rows(cells: Iterable[Cell]) -> list[list[str]]:
    """Return a row of HEAD for each cell whose model has labels."""
    found = ((cell, cell.accuracy) for cell in cells if cell.accuracy is not None)
    return [_row(cell, accuracy) for cell, accuracy in found if accuracy.kind != "agreement"]


def _row(cell: Cell, accuracy: AccuracyRecord) -> list[str]:
    values = [_figure(accuracy, value) for value in (accuracy.float64, accuracy.float32, accuracy.variant)]
    same = "" if accuracy.agreement is None else f"{accuracy.agreement:.1%}"
    bounds = [_points(accuracy.drop), _points(accuracy.budget)]
    return [cell.name, accuracy.kind, str(accuracy.samples), *values, *bounds, same]


def _figure(accuracy: AccuracyRecord, value: float | None) -> str:
    if value is None:
        return "not finite"
    return f"{value:.1%}" if accuracy.kind in COUNTED else f"{value:.4g}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
