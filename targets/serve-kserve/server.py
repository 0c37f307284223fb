"""KServe's ModelServer with one model: python server.py <payload> <port> <port of gRPC>"""

import sys

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput
from kserve.utils.utils import generate_uuid
from onnx_model import OnnxModel, WrongInput
from v2 import KINDS


class Served(Model):
    def load(self) -> bool:
        self.model = OnnxModel(sys.argv[1])
        self.ready = True
        return self.ready

    def predict(self, payload: InferRequest, *_: object) -> InferResponse:
        try:
            outputs = self.model({tensor.name: tensor.as_numpy() for tensor in payload.inputs})
        except WrongInput as error:
            raise InvalidInput(str(error)) from error
        encoded = [InferOutput(name, list(array.shape), KINDS[array.dtype.name]) for name, array in outputs.items()]
        for output, array in zip(encoded, outputs.values(), strict=True):
            output.set_data_from_numpy(array, binary_data=False)
        return InferResponse(payload.id or generate_uuid(), self.name, encoded)


model = Served("model")
model.load()
ModelServer(http_port=int(sys.argv[2]), grpc_port=int(sys.argv[3]), workers=1).start([model])
