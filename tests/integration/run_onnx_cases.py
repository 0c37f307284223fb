"""Runs the cases that write_onnx_cases.py wrote with nothing but ONNX Runtime, and judges as ONNX's own tests do.

Prints JSON: for each case "passed", "mismatch", "load_failed" or "run_failed".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main(cases: Path) -> None:
    print(json.dumps({folder.name: judge(folder) for folder in sorted(cases.iterdir())}))


def judge(folder: Path) -> str:
    try:
        session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    except Exception:
        return "load_failed"
    inputs, expected = (dict(np.load(folder / f"{name}.npz")) for name in ("inputs", "outputs"))
    try:
        answers = session.run(list(expected), inputs)
    except Exception:
        return "run_failed"
    pairs = zip(answers, expected.values(), strict=True)
    return "passed" if all(agrees(answer, reference) for answer, reference in pairs) else "mismatch"


def agrees(answer: np.ndarray, reference: np.ndarray) -> bool:
    """The criterion of onnx/backend/test/runner, but with an absolute tolerance that follows the output's size."""
    if answer.dtype != reference.dtype or answer.shape != reference.shape:
        return False
    if not np.issubdtype(reference.dtype, np.number):
        return np.array_equal(answer, reference)
    size = np.abs(reference[np.isfinite(reference)]).max(initial=0.0)  # a Fourier transform has elements near zero
    return np.allclose(answer, reference, rtol=1e-3, atol=max(1e-7, 1e-6 * size), equal_nan=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
