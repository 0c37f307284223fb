from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.artifacts import Slot
from deploymatrix.verify.drawing import draw_inputs

FLOAT = Slot(dtype="float32", shape=(1, 4))


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
