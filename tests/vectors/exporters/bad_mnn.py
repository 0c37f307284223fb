"""Bad ONNX files for MNN."""

from __future__ import annotations

from tests.vectors.exporters.bad_files import cases

CASES = cases("mnn/from_onnx")
