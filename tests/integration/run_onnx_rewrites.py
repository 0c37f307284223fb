"""Rewrites small ONNX graphs as the step to SavedModel does, and prints how far answers are off. Run where onnx is."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnxruntime import InferenceSession

REWRITES = Path(__file__).parents[2] / "pipelines/savedmodel/onnx_rewrites.py"
HEAD = '<ir_version: 9, opset_import: ["" : 18]>\n'
CASES = {
    "scatter_elements": """
        g (float[3, 4] x) => (float[3, 4] y)
        <int64[2, 4] places = {2, 0, -1, 1, 2, 2, 0, 1}, float[2, 4] more = {1, 2, 3, 4, 5, 6, 7, 8}>
        { y = ScatterElements <axis = 0, reduction = "add"> (x, places, more) }""",
    "scatter_elements_along_the_last": """
        g (float[2, 3, 4] x) => (float[2, 3, 4] y)
        <int64[1, 2, 3] places = {3, 3, -4, 0, 1, 0}, float[1, 2, 3] more = {1, 2, 3, 4, 5, 6}>
        { y = ScatterElements <axis = -1, reduction = "add"> (x, places, more) }""",
    "scatter_slices": """
        g (float[3, 2] x) => (float[3, 2] y)
        <int64[3, 1] places = {1, -1, 1}, float[3, 2] more = {1, 2, 3, 4, 5, 6}>
        { y = ScatterND <reduction = "add"> (x, places, more) }""",
    "scatter_numbers": """
        g (float[3, 2] x) => (float[3, 2] y)
        <int64[3, 2] places = {1, 1, 2, -2, 1, 1}, float[3] more = {1, 2, 3}>
        { y = ScatterND <reduction = "add"> (x, places, more) }""",
    "scatter_that_overwrites": """
        g (float[4] x) => (float[4] y)
        <int64[2, 1] places = {1, 3}, float[2] more = {1, 2}>
        { y = ScatterND (x, places, more) }""",
    "spectrum": """
        g (float[1, 40, 1] x) => (float[1, 5, 5, 2] y)
        <int64 step = {8}, float[8] window = {1, 2, 3, 4, 4, 3, 2, 1}>
        { y = STFT <onesided = 1> (x, step, window) }""",
    "nearest": """
        g (float[1, 2, 4, 5] x) => (float[1, 2, 10, 5] y)
        <float[4] scales = {1, 1, 2.5, 1}>
        { y = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric",
                      nearest_mode = "floor"> (x, , scales) }""",
    "cubic_to_sizes": """
        g (float[1, 1, 4, 4] x) => (float[1, 1, 7, 9] y)
        <int64[4] sizes = {1, 1, 7, 9}>
        { y = Resize <mode = "cubic"> (x, , , sizes) }""",
    "linear": """
        g (float[1, 1, 4, 4] x) => (float[1, 1, 8, 8] y)
        <float[4] scales = {1, 1, 2, 2}>
        { y = Resize <mode = "linear"> (x, , scales) }""",
    "lower_rank": """
        g (float[2, 3, 1] x) => (float[2, 3, 4] y)
        <float[3, 4] c = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}>
        { y = Mul (c, x) }""",
    "square": """
        g (float[1, 3, 3] x) => (float[9] y)
        <int64[1] flat = {-1}>
        { y = Reshape (x, flat) }""",
    "loop": """
        g (float[4] x) => (float[4] y)
        <bool first = {1}>
        {
          y = Loop <body = halving (int64 round, bool before, float[4] state) => (bool more, float[4] next)
          <float half = {0.5}, int64 last = {5}>
          {
            less = Mul (state, half)
            next = Sub (less, x)
            more = Less (round, last)
          }> ( , first, x)
        }""",
}
TRANSFORMS = {  # inverse, onesided, sizes, axis, length
    "rfft": (0, 1, (2, 6, 5, 1), 1, None),
    "rfft_of_a_length": (0, 1, (1, 6, 1), 1, 8),
    "fft": (0, 0, (2, 3, 5, 2), 2, None),
    "ifft": (1, 0, (2, 3, 5, 2), 1, None),
    "irfft": (1, 1, (1, 5, 2), 1, 8),
}


def main() -> None:
    rewrites = rewrites_of(REWRITES)
    found = {name: tried(rewrites, onnx.parser.parse_model(HEAD + text)) for name, text in CASES.items()}
    found |= {name: tried_transform(rewrites, *case) for name, case in TRANSFORMS.items()}
    print(json.dumps(found))


def tried(rewrites: ModuleType, model: onnx.ModelProto) -> dict[str, Any]:
    """The rewrites that were made, and the largest difference that they make to answers, by ONNX Runtime."""
    x = np.random.default_rng(0).normal(size=sizes_of(model)).astype(np.float32)
    before = InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    model = onnx.shape_inference.infer_shapes(model)
    made = rewrites.rewrite(model.graph)
    onnx.checker.check_model(model)
    after = InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    return {"made": made, "error": float(np.abs(after - before).max())}


def tried_transform(
    rewrites: ModuleType, inverse: int, onesided: int, sizes: tuple[int, ...], axis: int, length: int | None
) -> dict[str, Any]:
    """The same for a DFT, by numpy: the runtime beside onnx2tf refuses an inverse transform of one side."""
    x = np.random.default_rng(0).normal(size=sizes).astype(np.float32)
    values = x[..., 0] + (1j * x[..., 1] if sizes[-1] == 2 else 0)
    names = {(0, 1): np.fft.rfft, (0, 0): np.fft.fft, (1, 0): np.fft.ifft, (1, 1): np.fft.irfft}
    wanted = names[inverse, onesided](values.real if (inverse, onesided) == (0, 1) else values, length, axis=axis)
    wanted = np.stack([wanted.real, wanted.imag], -1) if np.iscomplexobj(wanted) else wanted[..., None]
    model = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["" : 20]>\n'
        f"g (float{list(sizes)} x) => (float{list(wanted.shape)} y)\n<int64 axis = {{{axis}}}"
        + (f", int64 length = {{{length}}}" if length else "")
        + f">\n{{ y = DFT <inverse = {inverse}, onesided = {onesided}> (x, {'length' if length else ''}, axis) }}"
    )
    made = rewrites.rewrite(model.graph)
    (answer,) = ReferenceEvaluator(model).run(None, {"x": x})
    return {"made": made, "error": float(np.abs(answer - wanted).max())}


def sizes_of(model: onnx.ModelProto) -> list[int]:
    return [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim]


def rewrites_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("rewrites", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


main()
