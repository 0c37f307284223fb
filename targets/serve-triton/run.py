"""Runs an .onnx file in Triton's Python backend, asked by V2 over REST and gRPC."""

from pathlib import Path

from serving import Serving
from tritonclient.grpc import service_pb2, service_pb2_grpc

VERSIONS = ("nvidia-pytriton", "onnxruntime", "numpy")
SETS_THREADS = True  # each load() starts a server
SERVING = Serving(program=Path(__file__).with_name("server.py"), stubs=(service_pb2, service_pb2_grpc))
load, run = SERVING.load, SERVING.run
