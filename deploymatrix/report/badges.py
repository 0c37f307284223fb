"""A badge for each target, as shields.io reads it: https://shields.io/badges/endpoint-badge"""

from __future__ import annotations

import json
from itertools import groupby
from urllib.parse import quote

from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix


def badges(matrix: Matrix) -> dict[str, str]:
    """Return file name → JSON. The message counts what passed; the colour tells whether a cell is red."""
    cells = sorted(matrix.cells, key=lambda cell: cell.target)
    by_target = groupby(cells, key=lambda cell: cell.target)
    return {f"{quote(target, safe='')}.json": _badge(target, list(own)) for target, own in by_target}


def _badge(target: str, cells: list[Cell]) -> str:
    passed = sum(cell.outcome == "passed" for cell in cells)
    badge = {"schemaVersion": 1, "label": target, "message": f"{passed}/{len(cells)}", "color": _colour(cells)}
    return json.dumps(badge, indent=1) + "\n"


def _colour(cells: list[Cell]) -> str:
    if any(cell.verdict not in VERDICTS_THAT_PASS for cell in cells):
        return "red"
    return "brightgreen" if all(cell.outcome == "passed" for cell in cells) else "green"
