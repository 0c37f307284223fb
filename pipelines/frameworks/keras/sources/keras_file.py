"""A Keras model from a .keras file, architecture and weights."""

from __future__ import annotations

from typing import Any

import keras

VERSIONS = ("keras",)


def build(given: dict[str, Any], spec: Any) -> keras.Model:
    """given: path of the file. Raises ValueError when it is not one, or needs code that Keras does not have.

    Keras opens it in its safe mode, trusted or not: a layer that holds Python code (Lambda) belongs into a model.py.
    """
    return keras.models.load_model(given["path"], compile=False, safe_mode=True)
