"""Annotations: workflow commands that GitHub shows on a run, at most as many as it keeps.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from deploymatrix.matrix.counts import count, red_cells, standing
from deploymatrix.matrix.gate import explain_red
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.printable import printable

MOST = 10  # errors that a step may annotate
LONGEST = 1000  # characters of a message

_IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_MESSAGE, ":": "%3A", ",": "%2C"}


def error_annotations(matrix: Matrix) -> str:
    """Return a line for each red cell and each entry without a cell; over MOST, the last line counts the rest.

    Before them stands a warning where the matrix is a part of the plan.
    """
    lines = [_annotation(cell) for cell in red_cells(matrix)]
    lines += [f"::error title=deploymatrix::{_message(line)}" for line in matrix.unmatched]
    if len(lines) > MOST:
        rest = len(lines) - MOST + 1
        lines = [*lines[: MOST - 1], f"::error title=deploymatrix::{rest} more are red; the report lists them"]
    partial = count(matrix).partial
    warning = [f"::warning title=deploymatrix::{_message(partial)}"] if partial else []
    return "".join(f"{line}\n" for line in [*warning, *lines])


def _annotation(cell: Cell) -> str:
    properties = {"title": f"{cell.name} {standing(cell)}"}
    if cell.expectation:
        properties = {"file": cell.expectation.file, **properties}
    listed = ",".join(f"{key}={_escape(value, _IN_PROPERTY)}" for key, value in properties.items())
    return f"::error {listed}::{_message(explain_red(cell))}"


def _message(text: str) -> str:
    return _escape(text[:LONGEST], _IN_MESSAGE)


def _escape(text: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in printable(text))
