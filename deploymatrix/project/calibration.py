"""The samples that a variant's ranges are taken from: a split of their own, of which none judges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploymatrix.project.project import Model

DRAWN = 128  # samples: with 16, the ranges of one draw in five clip what judges
ANOTHER_SEED = 1_000_003  # is added to the model's own
SPLIT = "~calibration"


def calibration_split(model: Model) -> Model:
    """Return the model with its calibration samples in place of those that judge: own ones, or drawn of another seed.

    Own samples without own ones to calibrate with leave drawn ones, where model.toml says how they are drawn.
    """
    own = model.spec.calibration_samples
    changes = {
        "seed": model.spec.seed + ANOTHER_SEED + model.spec.calibration_seed,
        "samples": DRAWN if own is None else own,
        "expected": None,
        "calibration_samples": None,
        "metric": None,
        "calibration_seed": 0,
    }
    return replace(model, name=f"{model.name}{SPLIT}", spec=model.spec.model_copy(update=changes))
