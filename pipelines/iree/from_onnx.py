"""ONNX → a .vmfb module by IREE's compiler: machine code, by default for the instructions of this very CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import iree.compiler
import onnx
from iree.compiler.tools.import_onnx import __main__ as importer

VERSIONS = ("iree-base-compiler", "onnx", "numpy")
ENTRY = "model.vmfb"
OPTIONS = ("target_cpu",)


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.vmfb`, free axes left free; its inputs and outputs go by the positions that they have in the graph.

    options: target_cpu, "host" by default: LLVM's name of the CPU that shall run it. "x86-64-v3" is slower, and runs on
    any of the last ten years.
    """
    imported = out / "model.mlir"
    # Operators mean what they mean in opset 17; an older graph is brought there.
    importer.main(importer.parse_arguments([str(source), "-o", str(imported), "--opset-version", "17"]))
    iree.compiler.compile_file(
        str(imported),
        output_file=str(out / ENTRY),
        extra_args=[
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            f"--iree-llvmcpu-target-cpu={options.get('target_cpu', 'host')}",
        ],
    )
    imported.unlink()
    graph = onnx.load(source, load_external_data=False).graph
    held = {tensor.name for tensor in graph.initializer}
    inputs = [tensor.name for tensor in graph.input if tensor.name not in held]
    outputs = [tensor.name for tensor in graph.output]
    return {
        group: {declared: {**tensor, "name": str(names.index(tensor["name"]))} for declared, tensor in tensors.items()}
        for names, (group, tensors) in zip((inputs, outputs), spec.source_signature.items(), strict=True)
    }
