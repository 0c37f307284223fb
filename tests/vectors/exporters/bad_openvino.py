"""Bad files for OpenVINO."""

from __future__ import annotations

from tests.vectors.exporters.bad_files import cases

CASES = cases("openvino/from_exported_program", "openvino/from_onnx")
