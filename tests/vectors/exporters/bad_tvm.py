"""Bad ONNX files for TVM."""

from __future__ import annotations

from tests.vectors.exporters.bad_files import cases

CASES = cases("tvm/from_onnx")
