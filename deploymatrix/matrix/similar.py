"""Pick cells by name, and say what the details of several cells have in common."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.project.nearest import nearest

OVER_THE_LIMIT = re.compile(
    r"<name>: (axis <n>, slice <n>: |values far out of its range: )?error <n> is over (the|its|their) limit <n>"
    r"(, worst in axis <n>, slice <n>)?(; )?"
)


def pick_cells(matrix: Matrix, pattern: str) -> list[Cell]:
    """Return the cells whose name is `pattern`, or matches it as a glob.

    Raise ConfigurationError, with the nearest name, when there is none.
    """
    cells = [cell for cell in matrix.cells if cell.name == pattern or fnmatchcase(cell.name, pattern)]
    if not cells:
        names = [cell.name for cell in matrix.cells]
        raise ConfigurationError(f"the last matrix has no cell {pattern!r}; {nearest(pattern, names)}")
    return cells


def normalised(cell: Cell) -> str:
    """Return the detail of a cell without what differs between two cells that fail for the same reason."""
    text = cell.detail
    names = sorted({cell.model, *(output.name for output in cell.outputs)}, key=len, reverse=True)
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", "<name>", text)
    text = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "<name>", text)
    text = re.sub(r"0x[0-9a-f…]+|[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "<n>", text)
    return OVER_THE_LIMIT.sub("<over the limit>", " ".join(text.split()))
