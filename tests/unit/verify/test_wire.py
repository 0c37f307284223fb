from __future__ import annotations

from deploymatrix.verify.wire import wire_names


def test_any_name_becomes_a_files_name_of_its_own() -> None:
    wires = wire_names(["x", "a/b:0", "a_b_0", "", "a/b:0 "])
    assert wires["x"] == "x"
    assert len(set(wires.values())) == 5
    assert not any(set("/: ") & set(wire) or not wire for wire in wires.values())
