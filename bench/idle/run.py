"""A runner that has nothing to do: what a request then takes is the worker's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def load(payload: Path) -> None:
    """There is nothing to load."""


def run(session: None, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return inputs
