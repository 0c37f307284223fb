"""Bad ONNX files for IREE."""

from __future__ import annotations

from tests.vectors.exporters.bad_files import cases

CASES = cases("iree/from_onnx")
