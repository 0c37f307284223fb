"""The Open Inference Protocol (V2): tensors as JSON, a server asked by REST or by gRPC.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol. JSON holds a float32 as the
shortest number that is the same float64, so no bit is lost; what it cannot hold, as NaN, a server refuses in words.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import numpy as np
from server_process import DIRECT

Arrays = dict[str, np.ndarray]

MODEL = "model"  # its name in every server
KINDS = {"bool": "BOOL", "float16": "FP16", "float32": "FP32", "float64": "FP64"}
KINDS |= {f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (8, 16, 32, 64)}
DTYPES = {kind: dtype for dtype, kind in KINDS.items()}
ANSWER_S = 60.0


class Refused(Exception):
    """The server says that the client is wrong: a status 4xx of HTTP, INVALID_ARGUMENT of gRPC."""


class Rest:
    """Asks by HTTP. A server without V2 of its own gets and gives the same JSON at its own path."""

    name = "REST"

    def __init__(self, port: int, path: str) -> None:
        self.url = f"http://127.0.0.1:{port}{path}"

    def ask(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raise Refused, or RuntimeError for any other answer than the outputs."""
        body = json.dumps({"inputs": tensors_of(inputs)}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with DIRECT.open(request, timeout=ANSWER_S) as answer:
                return arrays_of(json.load(answer)["outputs"])
        except urllib.error.HTTPError as error:
            said = f"HTTP {error.code}: {error.read(2000).decode(errors='replace')}"
            raise (Refused if 400 <= error.code < 500 else RuntimeError)(said) from None


class Grpc:
    """Asks by gRPC, with the stubs that the server's own package brings: its `…_pb2` and `…_pb2_grpc`."""

    name = "gRPC"

    def __init__(self, port: int, messages: Any, services: Any) -> None:
        import grpc

        self.grpc, self.messages = grpc, messages
        unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
        self.stub = services.GRPCInferenceServiceStub(grpc.insecure_channel(f"127.0.0.1:{port}", unlimited))

    def ask(self, inputs: Arrays) -> Arrays:
        """Return the outputs by name. Raise Refused, or RuntimeError for any other answer than the outputs."""
        heads = [{"name": n, "shape": a.shape, "datatype": KINDS[a.dtype.name]} for n, a in inputs.items()]
        raw = [np.ascontiguousarray(array).tobytes() for array in inputs.values()]
        request = self.messages.ModelInferRequest(model_name=MODEL, inputs=heads, raw_input_contents=raw)
        try:
            answer = self.stub.ModelInfer(request, timeout=ANSWER_S)
        except self.grpc.RpcError as error:
            refuses = error.code() == self.grpc.StatusCode.INVALID_ARGUMENT
            raise (Refused if refuses else RuntimeError)(f"gRPC {error.code().name}: {error.details()}") from None
        raw = list(answer.raw_output_contents)
        return {output.name: contents_of(output, raw.pop(0) if raw else None) for output in answer.outputs}


def contents_of(output: Any, raw: bytes | None) -> np.ndarray:
    """The values of an output: raw bytes, or in the message's field for its datatype."""
    if raw is not None:
        return np.frombuffer(raw, DTYPES[output.datatype]).reshape(output.shape).copy()
    ((_, values),) = output.contents.ListFields()
    return np.array(values, DTYPES[output.datatype]).reshape(output.shape)


def tensors_of(arrays: Arrays) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(array.shape), "datatype": KINDS[array.dtype.name], "data": array.ravel().tolist()}
        for name, array in arrays.items()
    ]


def arrays_of(tensors: list[dict[str, Any]]) -> Arrays:
    """Raise ValueError for a null, which numpy would take for NaN: some servers write it for what JSON cannot hold."""
    for tensor in tensors:
        if None in tensor["data"]:
            raise ValueError(f"{tensor['name']} holds null instead of a number")
    return {t["name"]: np.array(t["data"], DTYPES[t["datatype"]]).reshape(t["shape"]) for t in tensors}
