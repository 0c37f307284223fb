"""Runs a .tflite file with the LiteRT interpreter."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, SignatureRunner

VERSIONS = ("ai-edge-litert", "numpy")


def load(payload: Path) -> SignatureRunner:
    """The file's only signature. Raises ValueError when it has none or several."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    return Interpreter(str(payload), num_threads=threads).get_signature_runner()


def run(session: SignatureRunner, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature."""
    return session(**inputs)
