"""Annotations: workflow commands that GitHub shows on a run, at most as many as it keeps.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from deploymatrix.gate import explain_red
from deploymatrix.records import VERDICTS_THAT_PASS, Cell, Matrix

MOST = 10  # errors that a step may annotate
LONGEST = 1000  # characters of a message

_IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_MESSAGE, ":": "%3A", ",": "%2C"}


def annotations(matrix: Matrix) -> str:
    """A line for each red cell; when they are more than MOST, the last line counts the rest."""
    red = [cell for cell in matrix.cells if cell.verdict not in VERDICTS_THAT_PASS]
    shown = red if len(red) <= MOST else red[: MOST - 1]
    lines = [_annotation(cell) for cell in shown]
    if len(red) > len(shown):
        rest = f"{len(red) - len(shown)} more cells are red; the report lists them"
        lines.append(f"::error title=deploymatrix::{rest}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(cell: Cell) -> str:
    properties = {"title": f"{cell.name} {cell.outcome}"}
    if cell.expectation:
        properties = {"file": cell.expectation.file, **properties}
    listed = ",".join(f"{key}={_escape(value, _IN_PROPERTY)}" for key, value in properties.items())
    return f"::error {listed}::{_escape(explain_red(cell)[:LONGEST], _IN_MESSAGE)}"


def _escape(text: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in text)
