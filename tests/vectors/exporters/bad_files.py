"""Bad files for the steps that start from a file, in environments of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.loading import module

ENTRY = {"name": "x", "dtype": "float32", "shape": [1, 4]}
SIGNATURE: Any = {"inputs": {"x": ENTRY}, "outputs": {"y": {**ENTRY, "name": "y"}}}
SAMPLE = {"x": np.ones((1, 4), np.float32)}
# An ONNX graph y = mine.Strange(x).
FOREIGN = (
    b'\x08\x08\x12\x00:F\n\x15\n\x01x\x12\x01y"\x07Strange:\x04mine\x12\x03badZ\x13\n\x01x\x12\x0e\n\x0c\x08\x01\x12'
    b"\x08\n\x02\x08\x01\n\x02\x08\x04b\x13\n\x01y\x12\x0e\n\x0c\x08\x01\x12\x08\n\x02\x08\x01\n\x02\x08\x04B\x04\n\x00"
    b"\x10\x11B\x08\n\x04mine\x10\x01"
)


def nothing(folder: Path) -> Path:
    return folder / "nothing"


def rubbish(folder: Path) -> Path:
    (folder / "bad").write_bytes(b"this is no model" * 64)
    return folder / "bad"


def foreign(folder: Path) -> Path:
    (folder / "bad.onnx").write_bytes(FOREIGN)
    return folder / "bad.onnx"


def cases(*steps: str) -> dict[str, Callable[[Path], Any]]:
    """Return cases of these steps by name, as `openvino/from_onnx`; a foreign operator of those from ONNX alone."""
    made: dict[str, Callable[[Path], Any]] = {}
    for name in steps:
        step = module(f"pipelines/{name}.py")
        for make in (nothing, rubbish, *([foreign] if name.endswith("from_onnx") else [])):
            made[f"{name} {make.__name__}"] = functools.partial(convert, step, make)
    return made


def convert(step: Any, make: Callable[[Path], Path], folder: Path) -> None:
    tensors = {"inputs": [Tensor("x", "float32", (1, 4))], "outputs": [Tensor("y", "float32", (1, 4))]}
    spec = Spec("bad", "torch", "other", "fp32", 0, False, **tensors, samples=[SAMPLE], source_signature=SIGNATURE)
    step.export(make(folder), spec, folder / "out", {})
