"""Runs an .onnx file in KServe's ModelServer, asked by V2 over REST and gRPC."""

from pathlib import Path

from kserve.protocol.grpc import grpc_predict_v2_pb2, grpc_predict_v2_pb2_grpc
from serving import Serving

VERSIONS = ("kserve", "onnxruntime", "numpy")
SETS_THREADS = True  # each load() starts a server
STUBS = (grpc_predict_v2_pb2, grpc_predict_v2_pb2_grpc)
SERVING = Serving(program=Path(__file__).with_name("server.py"), stubs=STUBS)
load, run = SERVING.load, SERVING.run
