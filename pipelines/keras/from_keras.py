"""Keras → .keras: the frozen network's own file, which Keras opens on each of its backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

VERSIONS = ("keras", "numpy")
ENTRY = "model.keras"


def export(source: keras.Model, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.keras`; its inputs and outputs go by position, as its structure may bear other names or none."""
    source.save(out / ENTRY)
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
    }
