"""A badge for each target, as shields.io reads it: https://shields.io/badges/endpoint-badge"""

from __future__ import annotations

import json
from itertools import groupby
from urllib.parse import quote

from deploymatrix.matrix.counts import Counts, count, count_cells
from deploymatrix.matrix.records import Cell, Matrix

AMBER = "orange"  # shields.io has no amber


def badges(matrix: Matrix) -> dict[str, str]:
    """Return file name → JSON. The message counts what passed; the colour tells whether a cell is red.

    A badge of a part of the plan says so first, and is never green.
    """
    partial = count(matrix).partial
    cells = sorted(matrix.cells, key=lambda cell: cell.target)
    by_target = groupby(cells, key=lambda cell: cell.target)
    return {f"{quote(target, safe='')}.json": _badge(target, list(own), partial) for target, own in by_target}


def _badge(target: str, cells: list[Cell], partial: str) -> str:
    counts = count_cells(cells, planned=len(cells))
    message = f"{partial}, " * bool(partial) + f"{counts.passed}/{counts.cells}"
    badge = {"schemaVersion": 1, "label": target, "message": message, "color": _colour(counts, partial)}
    return json.dumps(badge, indent=1) + "\n"


def _colour(counts: Counts, partial: str) -> str:
    if counts.red:
        return "red"
    if partial:
        return AMBER
    return "brightgreen" if counts.passed == counts.cells else "green"
