"""What a model's state is, to its samples. It stands alone: plans and gates, which need no numpy, know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class State:
    """How many steps a sample has, and what each input that is fed back holds at first: "zeros" or "sampled"."""

    steps: int
    initial: Mapping[str, str]
