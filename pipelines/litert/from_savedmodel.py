"""SavedModel → LiteRT (.tflite) by TensorFlow's own converter, with built-in operators only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

ENTRY = "model.tflite"
VERSIONS = ("tensorflow", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with the signature `serving_default`, whose inputs and outputs keep their names."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(source), signature_keys=["serving_default"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    (out / ENTRY).write_bytes(converter.convert())
    return dict(spec.source_signature)
