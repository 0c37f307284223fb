"""Writes operator test cases of the onnx package as files: model.onnx, inputs.npz, outputs.npz. Run where onnx is.

One case of every operator whose inputs and outputs are plain numeric tensors, the first by name.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases


def main(out: Path) -> None:
    chosen: dict[str, onnx.backend.test.case.test_case.TestCase] = {}
    for case in sorted(collect_testcases(None), key=lambda case: case.name):
        if case.model is not None and case.data_sets and all(map(is_plain, named(case))):
            chosen.setdefault(case.model.graph.node[0].op_type, case)
    for operator, case in sorted(chosen.items()):
        inputs, outputs = named(case)
        folder = out / operator
        folder.mkdir(parents=True)
        onnx.save(case.model, folder / "model.onnx")
        np.savez(folder / "inputs.npz", **inputs)
        np.savez(folder / "outputs.npz", **outputs)


def named(case) -> list[dict]:
    graph, (inputs, outputs) = case.model.graph, case.data_sets[0]
    return [
        dict(zip([tensor.name for tensor in tensors], values, strict=True))
        for tensors, values in ((graph.input, inputs), (graph.output, outputs))
    ]


def is_plain(arrays: dict) -> bool:
    plain = (np.ndarray, np.generic)
    return bool(arrays) and all(isinstance(a, plain) and a.dtype.kind in "fiub" for a in arrays.values())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
