"""Runs a .tflite file with the LiteRT interpreter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

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


def describe(session: SignatureRunner) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    return {"inputs": described(session.get_input_details()), "outputs": described(session.get_output_details())}


def described(details: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`shape_signature` holds -1 where a size varies; it is empty where none does."""
    return {
        name: {"dtype": tensor["dtype"], "shape": tensor["shape_signature"] if len(tensor["shape_signature"]) else tensor["shape"]}
        for name, tensor in details.items()
    }
