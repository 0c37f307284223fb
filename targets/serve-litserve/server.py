"""LitServe with one model: python server.py <payload> <port>"""

import sys
from typing import Any

from fastapi import HTTPException
from litserve import LitAPI, LitServer
from onnx_model import OnnxModel, WrongInput
from v2 import Arrays, arrays_of, tensors_of


class Served(LitAPI):
    """LitServe knows the arguments by these names."""

    def setup(self, device: str) -> None:
        self.model = OnnxModel(sys.argv[1])

    def decode_request(self, request: dict[str, Any]) -> Arrays:
        return arrays_of(request["inputs"])

    def predict(self, x: Arrays) -> Arrays:
        try:
            return self.model(x)
        except WrongInput as error:
            raise HTTPException(400, str(error)) from error

    def encode_response(self, output: Arrays) -> dict[str, Any]:
        return {"outputs": tensors_of(output)}


if __name__ == "__main__":  # its workers import this file
    server = LitServer(Served(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False)
