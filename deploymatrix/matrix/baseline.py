"""The baseline: what each cell was at the last release, in baseline.json, a line for each cell.

`deploymatrix baseline update` is its only writer. Figures that are the same but for noise stay as they are, so that a
pull request shows what changed; and drift adds up until it is seen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploymatrix.errors import IncompleteRun
from deploymatrix.matrix.diff import is_unchanged
from deploymatrix.matrix.snapshots import CellState, States
from deploymatrix.store.files import write_atomically


def updated(old: States | None, new: States) -> States:
    """`old` brought up to `new`: of a selection only its own cells, and without noise.

    Raises IncompleteRun when a cell of `new` has no result.
    """
    if new.missing:
        raise IncompleteRun(f"no result for {', '.join(new.missing)}: run them before the baseline is updated")
    before = old.cells if old else {}
    cells = dict(before) if new.selection else {}
    for name, state in new.cells.items():
        kept = before.get(name)
        cells[name] = kept if kept is not None and is_unchanged(kept, state) else state
    return new.model_copy(update={"cells": cells, "selection": ()})


def write_baseline(baseline: States, path: Path) -> None:
    """Write the file: sorted by name, a line for each cell, what is not known left out."""
    head = baseline.model_dump(mode="json", exclude={"cells"})
    lines = [f"{json.dumps(key)}: {_line(value)}," for key, value in head.items()]
    cells = [f" {json.dumps(name)}: {_line(_fields(state))}" for name, state in sorted(baseline.cells.items())]
    text = "\n".join(["{", *lines, '"cells": {', ",\n".join(cells), "}", "}", ""])
    write_atomically(path, text.encode())


def _fields(state: CellState) -> dict[str, Any]:
    return state.model_dump(mode="json", exclude_none=True)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
