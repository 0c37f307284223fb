"""What tests know of the targets' runtimes."""

from __future__ import annotations

from pathlib import Path

from deploymatrix.project.project import Project

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


SHIPPED = Project(root=REPOSITORY, build=REPOSITORY / "build")


def language_of(target: str) -> str:
    """The suffix of what runs an artifact on a shipped target: .py or .mjs."""
    return SHIPPED.run_module(SHIPPED.targets[target]).suffix
