"""The baseline: the state of each cell at the last release, in baseline.json, a line for each cell.

Only `deploymatrix baseline update` writes it. A figure that moves within the noise keeps its old value, so that a pull
request shows what changed, and drift adds up until somebody sees it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploymatrix.errors import IncompleteRun, RedRun
from deploymatrix.matrix.counts import count
from deploymatrix.matrix.derived import contradicted
from deploymatrix.matrix.diff import is_unchanged
from deploymatrix.matrix.records import Matrix
from deploymatrix.matrix.snapshots import CellState, States
from deploymatrix.store.files import write_atomically


def refuse_unless_whole_and_green(matrix: Matrix) -> None:
    """Raise RedRun for a run with something red, else IncompleteRun for a part of the plan."""
    counts = count(matrix)
    remedy = "run again, or accept it with --force"
    if counts.all_red > counts.missing:
        raise RedRun(f"the last run is no baseline: {counts.sentence}; {remedy}")
    if counts.is_partial:
        raise IncompleteRun(f"the last run is no baseline: {counts.sentence}; {remedy}, which keeps the other cells")


def refuse_contradicted(matrix: Matrix) -> None:
    """Raise RedRun for a cell whose own figures do not bear that it passed: no reviewer could accept that."""
    for name, lines in contradicted(matrix).items():
        raise RedRun(f"the last run is no baseline: {name}: {lines[0]}; run the cell again")


def updated(old: States | None, new: States) -> States:
    """Bring `old` up to `new`, without noise; a run of a selection replaces only its own cells.

    Raise IncompleteRun when a cell of `new` has no result.
    """
    if new.missing:
        raise IncompleteRun(f"no result for {', '.join(new.missing)}: run them before you update the baseline")
    before = old.cells if old else {}
    cells = dict(before) if new.selection else {}
    for name, state in new.cells.items():
        kept = before.get(name)
        cells[name] = kept if kept is not None and is_unchanged(kept, state) else state
    return new.model_copy(update={"cells": cells, "selection": ()})


def write_baseline(baseline: States, path: Path) -> None:
    """Write the file: sorted by name, a line for each cell, without unknown figures."""
    head = baseline.model_dump(mode="json", exclude={"cells"})
    lines = [f"{json.dumps(key)}: {_line(value)}," for key, value in head.items()]
    cells = [f" {json.dumps(name)}: {_line(_fields(state))}" for name, state in sorted(baseline.cells.items())]
    text = "\n".join(["{", *lines, '"cells": {', ",\n".join(cells), "}", "}", ""])
    write_atomically(path, text.encode())


def _fields(state: CellState) -> dict[str, Any]:
    return state.model_dump(mode="json", exclude_defaults=True)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
