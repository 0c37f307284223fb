from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.agreement import draw_inputs
from deploymatrix.verify.artifacts import Slot, wire_names
from deploymatrix.verify.pairing import pair_names, read_mapping, require_same

FLOAT = Slot(dtype="float32", shape=(1, 4))


def test_equal_names_are_paired() -> None:
    assert pair_names("input", ["a", "b"], {"b": FLOAT, "a": FLOAT}, {}) == {"a": "a", "b": "b"}


def test_the_mapping_counts_before_the_name() -> None:
    slots = {"args_0": FLOAT, "b": FLOAT}
    assert pair_names("input", ["a", "b"], slots, {"a": "args_0"}) == {"a": "args_0", "b": "b"}


def test_one_is_paired_with_one_whatever_they_are_called() -> None:
    assert pair_names("input", ["image"], {"args_0": FLOAT}, {}) == {"image": "args_0"}


def test_two_are_never_paired_by_their_order() -> None:
    slots = {"args_0": FLOAT, "args_1": FLOAT}
    pairs = pair_names("input", ["image", "mask"], slots, {})
    with pytest.raises(ConfigurationError, match=r"args_0: float32\[1, 4\].*--map name=artifact_name"):
        require_same("inputs", pairs, slots)


def test_a_mapping_to_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'args_0'"):
        pair_names("input", ["image"], {"args_0": FLOAT}, {"image": "arg_0"})


@pytest.mark.parametrize("pairs", [["a"], ["=b"], ["a="], ["a=b", "a=c"], ["a=c", "b=c"]])
def test_a_mapping_that_cannot_be_meant_is_refused(pairs: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="--map"):
        read_mapping(pairs)


def test_inputs_are_drawn_from_the_signature() -> None:
    slots = {
        "x": Slot(dtype="float16", shape=(None, 3)),
        "pixels": Slot(dtype="uint8", shape=(64,)),
        "ids": Slot(dtype="int64", shape=(2, 5)),
        "flag": Slot(dtype="bool", shape=()),
    }
    samples = draw_inputs(slots, seed=7)
    assert len(samples) == 4
    for sample in samples:
        assert {name: (a.dtype.name, a.shape) for name, a in sample.items()} == {
            "x": ("float16", (1, 3)),
            "pixels": ("uint8", (64,)),
            "ids": ("int64", (2, 5)),
            "flag": ("bool", ()),
        }
        assert set(np.unique(sample["ids"])) <= {0, 1}
    assert samples[0]["pixels"].max() > 127


def test_the_seed_decides_what_is_drawn() -> None:
    first, again, other = (draw_inputs({"x": FLOAT}, seed=seed)[0]["x"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("slot", [Slot(), Slot(dtype="float32"), Slot(dtype="float32", shape=(1, None))])
def test_what_the_artifact_does_not_tell_is_not_guessed(slot: Slot) -> None:
    with pytest.raises(ConfigurationError, match="give --inputs"):
        draw_inputs({"x": slot}, seed=0)


def test_any_name_becomes_a_files_name_of_its_own() -> None:
    wires = wire_names(["x", "a/b:0", "a_b_0", "", "a/b:0 "])
    assert wires["x"] == "x"
    assert len(set(wires.values())) == 5
    assert not any(set("/: ") & set(wire) or not wire for wire in wires.values())
