"""Runs a .tflite file with the LiteRT interpreter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, SignatureRunner

SIGNATURE = "serving_default"
VERSIONS = ("ai-edge-litert", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


def signatures(payload: Path) -> list[str]:
    return sorted(Interpreter(str(payload)).get_signature_list())


def load(payload: Path, signature: str | None = None) -> SignatureRunner | Unsigned:
    """The named signature, or else the file's only one. Raises ValueError when it has several."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    interpreter = Interpreter(str(payload), num_threads=threads)
    return interpreter.get_signature_runner(signature) if interpreter.get_signature_list() else Unsigned(interpreter)


def run(session: SignatureRunner | Unsigned, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature."""
    return session(**inputs)


def describe(session: SignatureRunner | Unsigned) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    return {"inputs": described(session.get_input_details()), "outputs": described(session.get_output_details())}


class Unsigned:
    """A file without a signature, as many older ones are: its inputs and outputs bear the names of their tensors."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        return {tensor["name"]: tensor for tensor in self.interpreter.get_input_details()}

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        return {tensor["name"]: tensor for tensor in self.interpreter.get_output_details()}

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        tensors = self.get_input_details()
        for name, value in inputs.items():
            self.interpreter.resize_tensor_input(tensors[name]["index"], value.shape)
        self.interpreter.allocate_tensors()
        for name, value in inputs.items():
            self.interpreter.set_tensor(tensors[name]["index"], value)
        self.interpreter.invoke()
        return {n: self.interpreter.get_tensor(t["index"]) for n, t in self.get_output_details().items()}


def described(details: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {"dtype": tensor["dtype"], "shape": shape_of(tensor)} for name, tensor in details.items()}


def shape_of(tensor: dict[str, Any]) -> list[int]:
    """`shape_signature` holds -1 where a size varies; it is empty where none does."""
    return list(tensor["shape_signature"] if len(tensor["shape_signature"]) else tensor["shape"])
