"""What the gate takes only unless it is told otherwise: warnings, repairs; and files that user code read."""

from __future__ import annotations

import json
from collections.abc import Callable

from deploymatrix.errors import GATE_FAILED, INCOMPLETE, OK
from deploymatrix.store import digests
from tests.fakes.decided import write
from tests.fakes.tree import Called, Tree

WARNING = {"step": "npz/from_numpy", "rule": "value-fixed", "text": "model.py:7: …", "means": "It is fixed."}


def rewrite(tree: Tree, **fields: object) -> None:
    """Give the cell of npz these fields."""
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text())
    cell = next(cell for cell in matrix["cells"] if cell["target"] == "npz")
    path.write_text(json.dumps({**matrix, "cells": [{**cell, **fields}, *(c for c in matrix["cells"] if c != cell)]}))


def test_cells_whose_exporters_warned_are_refused_on_request(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    rewrite(tree, warnings=[WARNING])

    usual, strict = call("gate"), call("gate", "--no-warnings")

    assert (usual.code, strict.code) == (OK, GATE_FAILED)
    assert "refused: linear/npz/fp32: its exporters warned: value-fixed, which --no-warnings refuses" in strict.out
    assert "gate closed: 2 passed, 0 expected, 0 red, 1 refused" in strict.out


def test_a_cell_that_read_what_has_changed_since_is_stale(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)
    file = tree.write("shared/weights.bin", "1")
    rewrite(tree, reads={"shared/weights.bin": digests.of_code(file)})
    before = call("gate").code

    file.write_text("2")
    changed = call("gate")
    file.unlink()

    assert (before, changed.code, call("gate").code) == (OK, INCOMPLETE, INCOMPLETE)
    assert "stale: linear/npz/fp32: shared/weights.bin has changed since the run; run the cell" in changed.out


def test_a_repaired_cell_passes_unless_repairs_are_refused(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, repairs={"wrapped": ("wrapped-axes", "wrapped-loop")})

    assert call("gate").code == OK
    refused = call("gate", "--no-repairs")

    assert refused.code == GATE_FAILED
    assert "refused: linear/wrapped/fp32: passed with a repair of wrapped-axes, wrapped-loop" in refused.out
    assert "2 passed, 0 expected, 0 red, 1 refused" in refused.out


def test_without_repairs_there_is_nothing_to_refuse(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree)

    assert call("gate", "--no-repairs").code == OK


def test_a_repaired_cell_that_is_red_anyway_is_refused_once(tree: Tree, call: Callable[..., Called]) -> None:
    write(tree, repairs={"wrapped": ("wrapped-axes",)}, wrapped=("mismatch", "compare"))

    refused = call("gate", "--no-repairs")

    assert refused.code == GATE_FAILED
    assert "red: linear/wrapped/fp32" in refused.out and "refused:" not in refused.out
