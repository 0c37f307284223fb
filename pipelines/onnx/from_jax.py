"""JAX → ONNX by jax2onnx."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import jax
import jax2onnx
import onnx

VERSIONS = ("jax", "jaxlib", "jax2onnx", "onnx", "numpy")
ENTRY = "model.onnx"
OPTIONS = ("opset",)


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


jax_rewrites = beside("jax_rewrites")


def export(source: Any, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx`, weights inside, inputs and outputs named as declared.

    options: opset, the version of ONNX's operator set; 23, jax2onnx's own choice, where it is not given.
    Raises onnx.checker.ValidationError when the file is not valid ONNX.
    """
    model = jax2onnx.to_onnx(
        source,
        [jax.ShapeDtypeStruct(declared.shape, declared.dtype) for declared in spec.inputs],
        input_names=[declared.name for declared in spec.inputs],
        output_names=[declared.name for declared in spec.outputs],
        model_name=spec.name,
        **options,
    )
    repairs = ["jax2onnx-pooling-axes"] if jax_rewrites.rewritten(model) else []
    onnx.save(model, out / ENTRY)
    onnx.checker.check_model(out / ENTRY, full_check=True)
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
        "repairs": repairs,
    }
