"""Samples: of the declared dtype, shape and range; the same for the same seed; drawn so that they tell models apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.samples import draw, write_samples
from deploymatrix.project.model_specs import Input, ModelSpec
from deploymatrix.store.digests import of_file


def spec(seed: int = 1, samples: int = 4, **declaration: Any) -> ModelSpec:
    declared = {"name": "x", "dtype": "float32", "shape": (1, 4), **declaration}
    output = {"name": "y", "dtype": "float32", "shape": (1, 3)}
    return ModelSpec.model_validate(
        {"framework": "numpy", "seed": seed, "samples": samples, "inputs": (declared,), "outputs": (output,)}
    )


def digests_of(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): of_file(p) for p in sorted(folder.rglob("*.npy"))}


def written(folder: Path, specification: ModelSpec) -> dict[str, str]:
    write_samples(specification.inputs, specification.seed, specification.samples, folder)
    return digests_of(folder)


def test_a_file_for_each_sample_and_input(tmp_path: Path) -> None:
    assert list(written(tmp_path, spec(samples=5))) == [f"{i}/x.npy" for i in range(5)]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "a", spec()) == written(tmp_path / "b", spec())


def test_another_seed_gives_other_samples(tmp_path: Path) -> None:
    assert not set(written(tmp_path / "a", spec(seed=1)).values()) & set(written(tmp_path / "b", spec(seed=2)).values())


def test_samples_differ_from_each_other(tmp_path: Path) -> None:
    assert len(set(written(tmp_path, spec(samples=8)).values())) == 8


def test_more_samples_keep_the_first_ones(tmp_path: Path) -> None:
    few, many = written(tmp_path / "a", spec(samples=4)), written(tmp_path / "b", spec(samples=6))

    assert few.items() <= many.items()


@pytest.mark.parametrize(
    ("declaration", "low", "high"),
    [
        ({"dtype": "float32", "values": "normal"}, -10, 10),
        ({"dtype": "float16", "values": "normal"}, -10, 10),
        ({"dtype": "float64", "values": "uniform", "low": -2.0, "high": 3.0}, -2, 3),
        ({"dtype": "int64", "values": "integers", "low": 5, "high": 9}, 5, 8),
        ({"dtype": "uint8", "values": "integers", "low": 0, "high": 256}, 0, 255),
        ({"dtype": "bool", "values": "integers", "low": 0, "high": 2}, 0, 1),
        ({"dtype": "int64", "values": "prefix_mask"}, 0, 1),
        ({"dtype": "bool", "values": "prefix_mask"}, 0, 1),
    ],
)
def test_dtype_shape_and_range_are_as_declared(declaration: dict[str, Any], low: float, high: float) -> None:
    declared = Input.model_validate({"name": "x", "shape": (3, 50), **declaration})

    array = draw(declared, [0], 0)

    assert array.dtype == np.dtype(declared.dtype)
    assert array.shape == (3, 50)
    assert low <= array.astype(np.float64).min() <= array.astype(np.float64).max() <= high
    assert len(np.unique(array)) > 1


def drawn(samples: int = 4, **declaration: Any) -> list[Any]:
    """What the first samples of one input hold."""
    declared = Input.model_validate({"name": "x", "dtype": "float32", "shape": (1, 64), **declaration})
    return [draw(declared, [3, 0], index) for index in range(samples)]


def test_samples_come_in_pairs_of_opposite_sign_so_that_a_branch_on_a_sign_goes_both_ways() -> None:
    for seed in range(9):
        declared = Input.model_validate({"name": "x", "dtype": "float32", "shape": (1, 64)})
        sums = [float(draw(declared, [seed], index).astype(np.float64).sum()) for index in range(4)]

        assert {total > 0 for total in sums} == {True, False}


def test_every_second_pair_is_eight_times_as_large_so_that_activations_pass_the_knees_of_clipped_functions() -> None:
    deviations = [float(x.std()) for x in drawn(8, shape=(1, 5000))]

    assert deviations == pytest.approx([1, 1, 8, 8, 1, 1, 8, 8], rel=0.05)
    assert all((np.abs(x) / 2 > 6).mean() > 0.1 for x in drawn(4, shape=(1, 5000))[2:])


def test_uniform_samples_have_several_means_and_mirror_each_other() -> None:
    samples = drawn(values="uniform", low=0.0, high=256.0, shape=(1, 5000))

    assert [float(x.mean()) for x in samples] == pytest.approx([128, 128, 192, 64], rel=0.05)
    np.testing.assert_allclose(samples[0] + samples[1], 256.0, rtol=1e-5)
    np.testing.assert_allclose(samples[2] + samples[3], 256.0, rtol=1e-5)


def test_ids_are_spread_over_the_whole_range_without_repetition() -> None:
    samples = drawn(dtype="int64", values="integers", low=10, high=1010, shape=(2, 32))
    first = samples[0]

    assert {10, 1009} <= set(first.ravel().tolist())
    assert len(np.unique(first)) == 64
    assert np.bincount((first.ravel() - 10) // 100, minlength=10).min() >= 6  # a tenth of the range: 6.4 of the 64
    assert len(np.unique(np.stack(samples))) > 0.95 * 4 * 64 - 8


@pytest.mark.parametrize("seed", range(5))
def test_four_samples_read_each_row_of_an_embedding_of_four_times_their_length(seed: int) -> None:
    declared = Input(name="ids", dtype="int64", shape=(1, 12), values="integers", low=0, high=48)

    samples = [draw(declared, [seed], index) for index in range(4)]

    assert {int(id_) for sample in samples for id_ in sample.ravel()} == {*range(48)}


def test_every_id_occurs_where_there_is_room_and_how_often_differs() -> None:
    samples = drawn(dtype="int64", values="integers", low=0, high=8, shape=(1, 64))

    assert all(set(x.ravel().tolist()) == {*range(8)} for x in samples)
    assert len({int(x.sum()) for x in samples}) > 1


def test_a_single_integer_takes_both_ends_of_its_range() -> None:
    samples = drawn(dtype="bool", values="integers", low=0, high=2, shape=(1,))

    assert {bool(x[0]) for x in samples} == {True, False}


def test_integers_beyond_what_float64_holds_stay_in_their_range() -> None:
    first = drawn(dtype="int64", values="integers", low=-(2**62), high=2**62, shape=(1, 16))[0]

    assert {-(2**62), 2**62 - 1} <= set(first.ravel().tolist())
    assert (np.abs(first) > 2**32).sum() > 8


def test_two_inputs_of_the_same_kind_are_drawn_apart(tmp_path: Path) -> None:
    inputs = [Input(name=name, dtype="float32", shape=(1, 4)) for name in ("a", "b")]

    write_samples(inputs, 1, 4, tmp_path)

    assert len({*digests_of(tmp_path).values()}) == 8


def test_a_prefix_mask_is_ones_and_then_zeros() -> None:
    declared = Input(name="mask", dtype="int64", shape=(200, 7), values="prefix_mask")

    mask = draw(declared, [0], 0).astype(np.int64)

    assert (np.diff(mask, axis=-1) <= 0).all()
    assert set(mask.sum(axis=-1).tolist()) == {1, 2, 3, 4, 5, 6, 7}


def test_masks_are_whole_short_and_in_between() -> None:
    lengths = [int(mask.sum()) for mask in drawn(dtype="int64", values="prefix_mask", shape=(1, 32))]

    assert lengths[1:3] == [32, 1]
    assert all(1 <= length <= 32 for length in lengths)


@pytest.mark.parametrize(
    "drawn", [{}, {"dtype": "int64", "values": "integers", "low": 0, "high": 7}, {"values": "choice", "choice": [1, 2]}]
)
def test_a_scalar_is_drawn_without_an_axis(drawn: dict[str, Any]) -> None:
    declared = Input.model_validate({"name": "x", "dtype": "float32", "shape": (), **drawn})

    assert [draw(declared, [1, 0], index).shape for index in range(4)] == [()] * 4
