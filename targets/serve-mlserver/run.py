"""Runs an .onnx file in MLServer, asked by V2 over REST and gRPC."""

from pathlib import Path

from mlserver.grpc import dataplane_pb2, dataplane_pb2_grpc
from serving import Serving

VERSIONS = ("mlserver", "onnxruntime", "numpy")
SETS_THREADS = True  # each load() starts a server
SERVING = Serving(program=Path(__file__).with_name("server.py"), stubs=(dataplane_pb2, dataplane_pb2_grpc))
load, run = SERVING.load, SERVING.run
