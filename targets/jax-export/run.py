"""Runs a function that jax.export wrote, compiled by XLA once for each size of inputs that comes.

Inputs and outputs go by position: "0", "1", …
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np

VERSIONS = ("jax", "jaxlib", "numpy")  # no SETS_THREADS: XLA keeps the number that a process began with


@dataclass(frozen=True)
class Session:
    exported: jax.export.Exported
    compiled: Callable[..., Any]


def load(payload: Path) -> Session:
    """The function, compiled here where its sizes are fixed: else the first run's time would be the compiler's."""
    os.environ["NPROC"] = os.environ.get("DEPLOYMATRIX_THREADS", "1")  # what XLA takes for the number of cores
    exported = jax.export.deserialize(bytearray(payload.read_bytes()))
    session = Session(exported, jax.jit(exported.call))
    if all(isinstance(size, int) for given in exported.in_avals for size in given.shape):
        run(session, {str(i): np.zeros(given.shape, given.dtype) for i, given in enumerate(exported.in_avals)})
    return session


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    answers = session.compiled(*(inputs[str(i)] for i in range(len(inputs))))
    return {str(i): np.asarray(array) for i, array in enumerate(answers)}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position; a free axis is None."""
    return {"inputs": described(session.exported.in_avals), "outputs": described(session.exported.out_avals)}


def described(avals: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
    return {str(i): {"dtype": str(aval.dtype), "shape": sizes(aval)} for i, aval in enumerate(avals)}


def sizes(aval: Any) -> list[int | None]:
    return [size if isinstance(size, int) else None for size in aval.shape]
