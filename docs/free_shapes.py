"""Writes docs/free-shapes.md from a matrix: python docs/free_shapes.py build/matrix.json

The matrix is of a run with `--models tests/free_models`. A model is in the table when a cell of it has sizes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from deploymatrix.matrix.files import read_matrix
from deploymatrix.matrix.records import Cell, Matrix

PAGE = Path(__file__).resolve().parent / "free-shapes.md"
HEAD = """# Who can export free axes

<!-- Made from a matrix by `python docs/free_shapes.py`; do not edit. -->

Each model is judged on samples of every size that it tries: [free-shapes.md](guides/free-shapes.md) says how.
**free**: right at all of these sizes. **static**: the exporter refuses a free axis, so the artifact was made at the
size that is named, and is right there; no other was tried. Anything else is the cell's outcome.

"""


def main() -> int:
    PAGE.write_text("".join(page(read_matrix(Path(sys.argv[1])))), encoding="utf-8")
    return 0


def page(matrix: Matrix) -> Iterator[str]:
    """Yield the page: a row for each model with dims, a column for each target, and what the steps' makers are."""
    models = sorted({cell.model for cell in matrix.cells if cell.sizes})
    targets = sorted({cell.target for cell in matrix.cells if cell.model in models})
    cells = {(cell.model, cell.target): cell for cell in matrix.cells}
    yield HEAD
    yield row(["model", "sizes", *targets])
    yield row(["---"] * (len(targets) + 2))
    for model in models:
        own = [cells[model, target] for target in targets if (model, target) in cells]
        yield row([f"{model} ({own[0].framework})", sizes(own), *(told(cells.get((model, t))) for t in targets)])
    names = ("executorch", "keras", "litert-torch", "onnx", "onnx2tf", "tensorflow", "tensorflowjs", "tf2onnx", "torch")
    used = {name: cell.versions[name] for cell in matrix.cells for name in names if name in cell.versions}
    yield f"\nMeasured with {', '.join(f'{name} {used[name]}' for name in sorted(used))}.\n"


def sizes(cells: list[Cell]) -> str:
    """Return each dim and the sizes that the freest of the cells was judged on."""
    freest = max(cells, key=lambda cell: len(cell.sizes)).sizes
    dims = {name: sorted({binding[name] for binding in freest}) for name in freest[0]}
    return "; ".join(f"{name} {', '.join(map(str, found))}" for name, found in dims.items())


def told(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.outcome != "passed":
        return f"{cell.outcome}{f' ({cell.blame})' if cell.blame else ''}"
    return f"static: {cell.fixed}" if cell.static else "free"


def row(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


if __name__ == "__main__":
    sys.exit(main())
