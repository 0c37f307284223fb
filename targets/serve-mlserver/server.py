"""MLServer with one model: python server.py <payload> <port> <port of gRPC>"""

import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse
from onnx_model import OnnxModel, WrongInput


class Served(MLModel):
    async def load(self) -> bool:
        self.model = OnnxModel(sys.argv[1])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        inputs = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        try:
            outputs = self.model(inputs)
        except WrongInput as error:
            raise InferenceError(str(error)) from error
        encoded = [NumpyCodec.encode_output(name, array) for name, array in outputs.items()]
        return InferenceResponse(model_name=self.name, outputs=encoded)


SETTINGS = Settings(
    host="127.0.0.1",
    http_port=int(sys.argv[2]),
    grpc_port=int(sys.argv[3]),
    metrics_endpoint=None,
    parallel_workers=0,  # in this process: its pool wants semaphores, which a task's container has none of
)
asyncio.run(MLServer(SETTINGS).start([ModelSettings(name="model", implementation=Served)]))
