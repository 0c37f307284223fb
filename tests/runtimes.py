"""What tests know of the targets' runtimes."""

from __future__ import annotations

import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

# No runtime may hold these, in its lock or in its image; each target's own runtime is named in its lock.
EXPORTERS = {
    "coremltools",
    "keras",
    "litert-torch",
    "onnx",
    "onnx2tf",
    "onnxscript",
    "tensorflowjs",
    "tf2onnx",
    "torchao",
}


def runner_of(target: str) -> str:
    """The runner that target.toml names: python or node."""
    spec = tomllib.loads((REPOSITORY / "targets" / target / "target.toml").read_text())
    return str(spec["runner"])
