"""Runs an .onnx file in TorchServe, which nobody maintains any more, asked by REST: tensors as in V2."""

from pathlib import Path

from serving import Serving

VERSIONS = ("torchserve", "onnxruntime", "numpy")
SETS_THREADS = True  # each load() starts a server
SERVING = Serving(program=Path(__file__).with_name("server.py"), health="/ping", infer="/predictions/model")
load, run = SERVING.load, SERVING.run
