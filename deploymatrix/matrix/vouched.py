"""Whether the store, where it has a cell's entries, says of the cell what the matrix says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploymatrix.errors import StoreCorrupted
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.matrix.records import Cell
from deploymatrix.store.entries import Entry
from deploymatrix.store.looking import look

REMEDY = "`deploymatrix run --fresh` makes it again"


def unvouched(cell: Cell, store: Path, *, read_artifacts: bool = False) -> list[str]:
    """Return a line for each entry of the store that was damaged or that says something else. One that the store does
    not have says nothing: a matrix may come from another machine."""
    found: dict[str, Entry] = {}
    try:
        for kind, key in cell.entries.items():
            entry = look(store, kind, key, read=read_artifacts and kind == "artifacts")
            found |= {} if entry is None else {kind: entry}
    except StoreCorrupted as error:
        return [f"{error}; {REMEDY}"]
    return [*_of_artifact(cell, found.get("artifacts")), *_of_comparison(cell, found)]


def _of_artifact(cell: Cell, entry: Entry | None) -> Iterator[str]:
    if entry is None or cell.artifact is None:
        return
    if (entry.sha256, entry.bytes) != (cell.artifact.sha256, cell.artifact.bytes):
        yield (
            f"its artifact's digest is {cell.artifact.sha256[:12]}…, that of the store's entry {entry.sha256[:12]}…; "
            "run the cell again"
        )


def _of_comparison(cell: Cell, found: dict[str, Entry]) -> Iterator[str]:
    compared, run = found.get("cells"), found.get("runs")
    if compared is None:
        return
    about = compared.about
    if about["outcome"] != cell.outcome:
        yield f"the store's comparison says {about['outcome']}, not {cell.outcome}"
    elif [OutputRecord.model_validate(output) for output in about["outputs"]] != list(cell.outputs):
        yield "its figures are not those of the store's comparison"
    elif about["drift"] != cell.drift or about["detail"] != cell.detail:
        yield "its drift or detail is not that of the store's comparison"
    if run is not None and compared.record.made_from.get("run") != run.digest:
        yield "the store's run is not the one that was compared"
