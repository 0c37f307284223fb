"""BentoML with one model: python server.py <payload> <port>"""

import os
import sys
from pathlib import Path
from typing import Any

import bentoml
from bentoml.exceptions import InvalidArgument
from onnx_model import OnnxModel, WrongInput
from v2 import arrays_of, tensors_of

PAYLOAD = "PAYLOAD"


@bentoml.service(workers=1)
class Served:
    def __init__(self) -> None:
        self.model = OnnxModel(os.environ[PAYLOAD])

    @bentoml.api
    def infer(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        try:
            return {"outputs": tensors_of(self.model(arrays_of(inputs)))}
        except WrongInput as error:
            raise InvalidArgument(str(error)) from error


if __name__ == "__main__":  # its workers import this file
    os.environ[PAYLOAD] = sys.argv[1]
    command = ["-m", "bentoml", "serve", "server:Served", "--host", "127.0.0.1", "--port", sys.argv[2]]
    os.execv(sys.executable, [sys.executable, *command, "--working-dir", str(Path(__file__).parent)])
