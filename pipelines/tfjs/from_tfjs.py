"""TensorFlow.js graph model in float32 → the same with its weights in fewer bytes, as the converter itself stores them.

TensorFlow.js makes float32 of them when it loads the model, and computes in that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tensorflowjs import read_weights, write_weights

ENTRY = "tfjs_model"
OPTIONS = ("quantization_dtype_map",)
VERSIONS = ("tensorflowjs", "numpy")
STORED = {"fp16": "float16", "int8-weights": "uint8", "uint16-weights": "uint16"}  # as quantization_dtype_map says it
LARGEST = float(np.finfo(np.float16).max)


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `tfjs_model`: the nodes of the source, and shards whose large tensors have fewer bytes.

    options: quantization_dtype_map, the converter's own, by the names that model.json gives weights; by default all
    that weights_of() names.
    """
    model = json.loads((source / "model.json").read_text())
    groups = read_weights.read_weights(model["weightsManifest"], str(source))
    stored = STORED[spec.variant]
    chosen = options.get("quantization_dtype_map", {stored: weights_of(groups, stored)})
    (out / ENTRY).mkdir()
    manifest = write_weights.write_weights(
        groups, str(out / ENTRY), write_manifest=False, quantization_dtype_map=chosen
    )
    (out / ENTRY / "model.json").write_text(json.dumps({**model, "weightsManifest": manifest}, allow_nan=False))
    return {**spec.source_signature, "repairs": repairs_of(groups, stored)}


def weights_of(groups: list[list[dict[str, Any]]], stored: str) -> list[str]:
    """The names of what is worth it and has a place in `stored`: tensors of two or more axes, all of them finite.

    Biases, norms and constants stay as they are: in the models of the zoo they are less than 1 % of the bytes.
    """
    entries = (entry for group in groups for entry in group)
    return [entry["name"] for entry in entries if entry["data"].ndim >= 2 and has_place(entry["data"], stored)]


def has_place(values: np.ndarray, stored: str) -> bool:
    if values.dtype != np.float32 or not values.size:
        return False
    return bool(np.abs(values).max() <= (LARGEST if stored == "float16" else np.finfo(np.float32).max))  # nan is not


def repairs_of(groups: list[list[dict[str, Any]]], stored: str) -> list[str]:
    """What the converter's own choice, all tensors, would have come to: an infinite `min` is no JSON
    (docs/findings/tfjs-quantised-infinity/finding.md)."""
    floats = [entry["data"] for group in groups for entry in group if entry["data"].dtype == np.float32]
    broken = stored != "float16" and not all(np.isfinite(values).all() for values in floats)
    return ["tfjs-quantised-infinity"] if broken else []
