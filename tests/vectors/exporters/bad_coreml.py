"""Bad TorchScript files for Core ML."""

from __future__ import annotations

from tests.vectors.exporters.bad_files import cases

CASES = cases("coreml/from_torchscript")
