"""Samples: of the declared dtype, shape and range; the same for the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.samples import draw, write_samples
from deploymatrix.project.specs import Input, ModelSpec
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

    array = draw(declared, np.random.default_rng(0))

    assert array.dtype == np.dtype(declared.dtype)
    assert array.shape == (3, 50)
    assert low <= array.astype(np.float64).min() <= array.astype(np.float64).max() <= high
    assert len(np.unique(array)) > 1


def test_a_prefix_mask_is_ones_and_then_zeros() -> None:
    declared = Input(name="mask", dtype="int64", shape=(200, 7), values="prefix_mask")

    mask = draw(declared, np.random.default_rng(0)).astype(np.int64)

    assert (np.diff(mask, axis=-1) <= 0).all()
    assert set(mask.sum(axis=-1).tolist()) == {1, 2, 3, 4, 5, 6, 7}
