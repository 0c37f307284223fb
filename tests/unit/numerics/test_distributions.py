"""Further distributions: what each promises of its values, for any shape, seed and sample."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.numerics.samples import draw
from deploymatrix.project.model_specs import Input

SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple)
SEEDS = st.lists(st.integers(0, 2**32), min_size=1, max_size=2)
INDICES = st.integers(0, 9)


def drawn(declaration: dict[str, Any], seed: list[int], index: int) -> Any:
    return draw(Input.model_validate({"name": "x", **declaration}), seed, index)


@given(SHAPES, SEEDS, st.integers(0, 4))
def test_log_normal_values_are_positive_and_mirrored_to_their_inverse(
    shape: tuple[int, ...], seed: list[int], pair: int
) -> None:
    declared = {"dtype": "float64", "shape": shape, "values": "log_normal"}

    even, odd = drawn(declared, seed, 2 * pair), drawn(declared, seed, 2 * pair + 1)

    assert (even > 0).all() and np.isfinite(even).all()
    assert np.allclose(even * odd, 1.0)


@given(SHAPES, SEEDS, INDICES, st.sampled_from(["float16", "float32", "float64", "int32", "uint8"]))
def test_sorted_values_ascend_within_their_bounds(
    shape: tuple[int, ...], seed: list[int], index: int, dtype: str
) -> None:
    array = drawn({"dtype": dtype, "shape": shape, "values": "sorted", "low": 2, "high": 9}, seed, index)

    ascending = array.astype(np.float64)
    assert (np.diff(ascending, axis=-1) >= 0).all()
    assert 2 <= ascending.min() <= ascending.max() <= (9 if dtype.startswith("float") else 8)


@given(SHAPES, SEEDS, INDICES, st.sampled_from(["float32", "int64", "bool"]))
def test_a_row_of_one_hot_has_a_single_one(shape: tuple[int, ...], seed: list[int], index: int, dtype: str) -> None:
    array = drawn({"dtype": dtype, "shape": shape, "values": "one_hot"}, seed, index)

    assert (array.astype(int).sum(axis=-1) == 1).all()
    assert set(np.unique(array.astype(int))) <= {0, 1}


@given(st.integers(1, 4), SEEDS)
def test_samples_of_one_hot_meet_every_class(rows: int, seed: list[int]) -> None:
    declared = {"dtype": "float32", "shape": (rows, 4 * rows), "values": "one_hot"}

    met = {int(place) for index in range(4) for place in drawn(declared, seed, index).argmax(axis=-1)}

    assert met == set(range(4 * rows))


@given(SHAPES, SEEDS, INDICES, st.integers(-2, 12))
def test_padded_ids_are_ids_and_then_padding_alone(
    shape: tuple[int, ...], seed: list[int], index: int, pad: int
) -> None:
    declared = {"dtype": "int64", "shape": shape, "values": "padded_ids", "low": 1, "high": 10, "pad": pad}

    for row in drawn(declared, seed, index).reshape(-1, shape[-1]):
        length = int((row != pad).sum())
        assert length >= 1
        assert (row[length:] == pad).all()
        assert ((row[:length] >= 1) & (row[:length] < 10)).all()


def test_padded_ids_have_several_lengths() -> None:
    declared = {"dtype": "int32", "shape": (1, 64), "values": "padded_ids", "low": 1, "high": 1000, "pad": 0}

    lengths = [int((drawn(declared, [3], index) != 0).sum()) for index in range(4)]

    assert lengths[1:3] == [64, 1]
    assert len(set(lengths)) == 4


@given(SHAPES, SEEDS, INDICES, st.lists(st.integers(-8, 8), min_size=1, max_size=6, unique=True))
def test_choice_draws_the_given_values_alone_and_all_where_there_is_room(
    shape: tuple[int, ...], seed: list[int], index: int, choice: list[int]
) -> None:
    array = drawn({"dtype": "float32", "shape": shape, "values": "choice", "choice": choice}, seed, index)

    met = {float(value) for value in array.ravel()}
    assert met <= set(choice)
    assert len(met) == min(len(choice), array.size)


def test_choice_keeps_large_integers_exact() -> None:
    exact = 2**53 - 1

    array = drawn({"dtype": "int64", "shape": (4,), "values": "choice", "choice": [exact, 0]}, [1], 0)

    assert sorted(set(array.tolist())) == [0, exact]


@pytest.mark.parametrize(
    ("declaration", "digest"),
    [
        ({"dtype": "float32"}, "17940b2a67570f5c"),
        ({"dtype": "float64", "values": "uniform", "low": -2.0, "high": 3.0}, "ab3252b25c60fb67"),
        ({"dtype": "int64", "values": "integers", "low": 5, "high": 9}, "ef809e153983a0bd"),
        ({"dtype": "int32", "values": "integers", "low": 0, "high": 30522}, "b9aaec566e995d3f"),
        ({"dtype": "bool", "values": "prefix_mask"}, "3a21f6132a49e971"),
    ],
)
def test_samples_of_before_are_the_same_bytes(declaration: dict[str, Any], digest: str) -> None:
    """Written before the further distributions came: a store that holds results stays as good as it was."""
    arrays = [drawn({"shape": (3, 5), **declaration}, [7, 1], index) for index in range(6)]

    assert hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16] == digest
