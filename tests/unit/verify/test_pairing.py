from __future__ import annotations

import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.artifacts import Slot
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
