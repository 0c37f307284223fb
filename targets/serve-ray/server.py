"""Ray Serve with one model: python server.py <payload> <port>"""

import os
import sys

import ray
from onnx_model import OnnxModel, WrongInput
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse
from v2 import arrays_of, tensors_of


@serve.deployment(max_ongoing_requests=2)
class Served:
    def __init__(self, payload: str) -> None:
        self.model = OnnxModel(payload)

    async def __call__(self, request: Request) -> JSONResponse:
        if request.method == "GET":  # health
            return JSONResponse({})
        inputs = arrays_of((await request.json())["inputs"])
        try:
            return JSONResponse({"outputs": tensors_of(self.model(inputs))})
        except WrongInput as error:
            return JSONResponse({"error": str(error)}, 400)


HERE = os.environ["TMPDIR"]  # for its files, and for its object store where it looks for /dev/shm else
ray.init(num_cpus=1, include_dashboard=False, object_store_memory=80 * 2**20, _temp_dir=HERE, _plasma_directory=HERE)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
serve.run(Served.bind(sys.argv[1]), blocking=True)
