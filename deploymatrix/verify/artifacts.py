"""Artifacts that somebody else made: what one tells of its inputs and outputs, and what it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.numerics.tensors import Array
from deploymatrix.project.project import Target

Sample = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An input or output as the artifact itself tells it; None for what its format does not tell."""

    dtype: str | None = None
    shape: tuple[int | None, ...] | None = None

    def __str__(self) -> str:
        sizes = "[…]" if self.shape is None else f"[{', '.join('?' if n is None else str(n) for n in self.shape)}]"
        return f"{self.dtype or '?'}{sizes}"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An artifact in the store, with the target that runs it. Inputs and outputs are None where it tells nothing."""

    path: Path
    target: Target
    payload: Path
    inputs: dict[str, Slot] | None
    outputs: dict[str, Slot] | None
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an artifact answered: per sample its outputs by the artifact's own names; names lacking or not asked for."""

    outputs: tuple[dict[str, Array], ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def wire_names(names: Mapping[str, Any] | Sequence[str]) -> dict[str, str]:
    """For each name one that can be a file's: an artifact's own may hold slashes and colons."""
    safe = {}
    for index, name in enumerate(names):
        plain = "".join(c if (c.isalnum() and c.isascii()) or c in "_-" else "_" for c in name)
        safe[name] = name if plain == name and name else f"{plain}.{index}"
    return safe


def slots(told: dict[str, Any] | None) -> dict[str, Slot] | None:
    if told is None:
        return None
    return {
        name: Slot(dtype=slot["dtype"], shape=None if slot["shape"] is None else tuple(slot["shape"]))
        for name, slot in told.items()
    }


def read_outputs(folder: Path, names: Mapping[str, str]) -> dict[str, Array]:
    return {name: np.load(folder / f"{wire}.npy", allow_pickle=False) for name, wire in names.items()}
