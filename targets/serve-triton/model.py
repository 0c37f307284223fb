"""The model that Triton's Python backend loads."""

import os
from typing import Any

import triton_python_backend_utils as triton
from onnx_model import OnnxModel, WrongInput


class TritonPythonModel:
    def initialize(self, args: dict[str, str]) -> None:
        self.model = OnnxModel(os.environ["MODEL"])

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self.answer(request) for request in requests]

    def answer(self, request: Any) -> Any:
        try:
            outputs = self.model({tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        except WrongInput as error:
            return triton.InferenceResponse(error=triton.TritonError(str(error), triton.TritonError.INVALID_ARG))
        return triton.InferenceResponse([triton.Tensor(name, array) for name, array in outputs.items()])
