"""What every server here loads: an .onnx file in ONNX Runtime, which tells a client's mistake from its own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument


class WrongInput(ValueError):
    """The client's mistake: a name, a dtype or a shape that the model does not take."""


class OnnxModel:
    """A session on the CPU; its answers by name."""

    def __init__(self, payload: str | Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
        self.session = onnxruntime.InferenceSession(str(payload), options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Raise WrongInput where ONNX Runtime does not take the inputs."""
        try:
            return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))
        except (InvalidArgument, ValueError) as error:
            raise WrongInput(str(error)) from error
