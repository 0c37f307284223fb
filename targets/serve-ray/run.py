"""Runs an .onnx file in Ray Serve, asked by REST: tensors as in V2, at a path of its own."""

from pathlib import Path

from serving import Serving

VERSIONS = ("ray", "onnxruntime", "numpy")
SETS_THREADS = True  # each load() starts a server
SERVING = Serving(program=Path(__file__).with_name("server.py"), health="/", infer="/")
load, run = SERVING.load, SERVING.run
